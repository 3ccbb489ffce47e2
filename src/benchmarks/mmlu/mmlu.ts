import { join } from 'node:path';
import { type Answer, type Answers, answersById, repeatedNotices, stopAtAnswers, stopAtMissing } from '../answers.ts';
import { type Asking, type Benchmark, chooseVariant, type Question } from '../benchmark.ts';
import { byLikelihood, choiceMode, LETTERS, LIKELIHOOD_NOTICE, textChoicePrompt, toLetter } from '../choices.ts';
import { strip } from '../python-text.ts';
import { stopAt } from '../text-file.ts';
import { type MmluItem, type MmluSubject, readSubjects } from './format.ts';
import { promptExample, promptHead, promptItem } from './prompt.ts';
import { predictLetter, scoreMmlu } from './score.ts';

const variants = ['hendrycks_evaluate', 'generated'] as const;

export const mmlu: Benchmark = {
  name: 'mmlu',
  summary:
    'Text-only multiple choice in 57 subjects, five examples in the prompt (MMLU, hendrycks/test; MIT). Tables report the ' +
    'mean over all questions; `macro` is that over subjects, and Figure 3 of the paper does not say which it shows. Answers ' +
    'are read from the log-probabilities of the letters (`metadata.logprobs`: {" A": -0.1, ...}); variant `generated`, and ' +
    'answers by text, take what was generated instead.',
  headline: 'mean over all questions, %',
  metrics: ['score', 'macro'],
  variants,

  async questions(folder, asking) {
    const subjects = await readSubjects(folder);
    return subjects.flatMap((subject) => subject.test.map((item, row) => toQuestion(subject, item, row, asking)));
  },

  async score(folder, answers, options) {
    const mode = choiceMode(answers, options);
    const variant = mode === 'text' ? 'generated' : chooseVariant(variants, options.variant);
    const likely = byLikelihood(answers);
    const subjects = await readSubjects(folder);
    for (const subject of subjects) checkLetters(folder, subject);
    const items = new Map(
      subjects.flatMap(({ name, test }) => test.map((item, row): [string, MmluItem] => [idOf(name, row), item])),
    );
    const byId = answersById(answers, (id) => items.has(id));
    const missing = [...items.keys()].filter((id) => !byId.has(id));
    if (missing.length > 0) stopAtMissing(answers, missing);
    if (variant === 'hendrycks_evaluate') checkLogprobs(answers);
    const letters = new Map(
      Array.from(byId, ([id, answer]) => [id, letterOf(answer, items.get(id)?.options ?? [], variant, mode)]),
    );
    const right = (id: string): boolean => letters.get(id) === items.get(id)?.answer;
    const correct = new Map(subjects.map(({ name, test }) => [name, test.map((_, row) => right(idOf(name, row)))]));
    const score = scoreMmlu(correct);
    const percents = (prefix: string, figures: ReadonlyMap<string, number>): Record<string, number> =>
      Object.fromEntries(Array.from(figures, ([name, value]) => [`${prefix}.${name}`, 100 * value]));
    return {
      metrics: {
        score: 100 * score.weighted,
        macro: 100 * score.macro,
        ...percents('category', score.groups),
        ...percents('subject', score.subjects),
      },
      questions: Array.from(items, ([id, { question, answer }]) => ({
        id,
        question,
        answer: byId.get(id)?.text ?? '',
        truth: answer,
        score: right(id) ? 1 : 0,
      })),
      details: {
        variant,
        choices: mode,
        ...(likely ? { choose: 'likelihood' } : {}),
        weighted_accuracy: score.weighted,
        macro_over_subjects_not_official: score.macro,
        printed: score.printed,
        printed_categories: score.printedGroups,
      },
      notices: [...wayNotices(likely, variant), ...letterlessNotices(answers, variant), ...repeatedNotices(answers)],
    };
  },
};

function wayNotices(likely: boolean, variant: (typeof variants)[number]): readonly string[] {
  if (likely) return [LIKELIHOOD_NOTICE];
  return variant === 'generated' ? ['marked by the generated answers, not by log-probabilities of the letters'] : [];
}

/** A row whose answer is none of its letters could only be wrong: its file was cut or has other columns. */
function checkLetters(folder: string, { name, test }: MmluSubject): void {
  for (const { answer, options, line } of test) {
    if ((LETTERS.slice(0, options.length) as readonly string[]).includes(answer)) continue;
    const file = join(folder, 'data', 'test', `${name}_test.csv`);
    stopAt(file, line, 'no-answer', `the answer is "${answer}" and not a letter of the ${options.length} options`);
  }
}

function idOf(subject: string, row: number): string {
  return `${subject}/${row}`;
}

function toQuestion(subject: MmluSubject, item: MmluItem, row: number, asking: Asking): Question {
  const { prompt, choices } = asking;
  const official = choices === 'letter';
  const text = official ? promptItem(item) : textChoicePrompt(item.question, item.options, { prompt });
  const shots = { head: promptHead(subject), examples: subject.dev.map(promptExample) };
  return {
    id: idOf(subject.name, row),
    text,
    recorded: item.question,
    maxNewTokens: 32,
    choices: item.options,
    ...(official ? { completion: true } : {}),
    ...(official && prompt === 'llava' ? { shots } : {}),
  };
}

function letterOf(
  answer: Answer,
  options: readonly string[],
  variant: (typeof variants)[number],
  mode: Asking['choices'],
): string {
  const logprobs = logprobsOf(answer);
  if (variant === 'hendrycks_evaluate' && logprobs !== undefined) return predictLetter(logprobs, options.length).letter;
  return mode === 'text' ? toLetter(answer.text, options) : strip(answer.text);
}

/** `metadata.logprobs`: token -> natural logarithm of its probability; undefined where it is not that. */
function logprobsOf({ metadata }: Answer): Readonly<Record<string, number>> | undefined {
  const logprobs = metadata?.['logprobs'];
  if (typeof logprobs !== 'object' || logprobs === null || Array.isArray(logprobs)) return undefined;
  const numbers = Object.values(logprobs).every((value) => typeof value === 'number' && !Number.isNaN(value));
  return numbers ? (logprobs as Record<string, number>) : undefined;
}

function checkLogprobs(answers: Answers): void {
  const unreadable = answers.lines.filter((answer) => logprobsOf(answer) === undefined);
  const without = unreadable.filter(({ metadata }) => metadata?.['logprobs'] === undefined);
  if (without.length > 0)
    stopAtAnswers(answers, without, 'no-logprobs', 'no `logprobs` in the metadata of the answer to');
  if (unreadable.length > 0)
    stopAtAnswers(answers, unreadable, 'wrong-shape', 'the `logprobs` are no numbers by token in the answer to');
}

/** Absent letters count as improbable, as officially; where all are absent the answer is A whatever the model said. */
function letterlessNotices(answers: Answers, variant: (typeof variants)[number]): readonly string[] {
  if (variant !== 'hendrycks_evaluate') return [];
  const tokens = new Set(LETTERS.map((letter) => ` ${letter}`));
  const [first, ...others] = answers.lines.filter(
    (answer) => !Object.keys(logprobsOf(answer) ?? {}).some((token) => tokens.has(token)),
  );
  if (first === undefined) return [];
  return [
    `${1 + others.length} answers, the first in line ${first.line}, have no log-probability of any letter (the tokens are " A", ` +
      '" B", ...): taken for A, as officially',
  ];
}
