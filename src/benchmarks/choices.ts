import { ProblemError } from '../problem.ts';
import type { Answers } from './answers.ts';
import type { Asking, ScoreOptions } from './benchmark.ts';

export const LETTERS = ['A', 'B', 'C', 'D', 'E'] as const;

/** LLaVA-1.5's instruction line for multiple choice. */
export const LETTER_INSTRUCTION = "Answer with the option's letter from the given choices directly.";
/** Ours, for models that answer with the option's text. */
const TEXT_INSTRUCTION = "Answer with the option's text directly.";

/** The options on one line, for answering by text: `red | blue | green`. */
export function optionLine(options: readonly string[]): string {
  return options.join(' | ');
}

/** A multiple-choice question that is answered with an option's text: hint, question, options, one line each. */
export function textChoicePrompt(
  question: string,
  options: readonly string[],
  { hint = '', prompt }: { hint?: string; prompt: Asking['prompt'] },
): string {
  const lines = [...(hint === '' ? [] : [hint]), question, optionLine(options)];
  return [...lines, ...(prompt === 'llava' ? [TEXT_INSTRUCTION] : [])].join('\n');
}

/** The letter of the one option that an answer repeats (any case, trimmed); other answers stay as they are. */
export function toLetter(answer: string, options: readonly string[]): string {
  const text = answer.trim().toLowerCase();
  const hits = options.flatMap((option, index) => (option.trim().toLowerCase() === text ? [index] : []));
  const [hit] = hits;
  return hits.length === 1 && hit !== undefined ? (LETTERS[hit] ?? answer) : answer;
}

/** Whether the answers are the most probable options instead of what a model wrote; their metadata say. Mixed ones stop. */
export function byLikelihood(answers: Answers): boolean {
  const likely = answers.lines.filter(({ metadata }) => metadata?.['choose'] === 'likelihood').length;
  if (likely === 0 || likely === answers.lines.length) return likely > 0;
  throw new ProblemError({
    code: 'mixed-choices',
    message: `some answers in ${answers.file} were chosen by likelihood and some were generated`,
  });
}

/** What a reader of a score by likelihood must know. */
export const LIKELIHOOD_NOTICE = 'choose: likelihood (the most probable option, not what the model writes)';

/**
 * How the answers were given: as asked for, else as their metadata say (the stage that asks writes `choices` there),
 * else by letter. Answers that say otherwise, or do not agree, stop: the score would silently be lower.
 */
export function choiceMode(answers: Answers, options: ScoreOptions): Asking['choices'] {
  const recorded = new Set<Asking['choices']>();
  for (const { metadata } of answers.lines) {
    if (metadata?.['choices'] === 'letter' || metadata?.['choices'] === 'text') recorded.add(metadata['choices']);
  }
  if (options.choices !== undefined) recorded.add(options.choices);
  if (recorded.size > 1) {
    throw new ProblemError({
      code: 'mixed-choices',
      message: `some answers in ${answers.file} were given by letter and some by text, or not as \`choices\` says`,
    });
  }
  return [...recorded][0] ?? 'letter';
}
