import type { Question } from '../../benchmarks/benchmark.ts';
import { fitShots } from '../../benchmarks/mmlu/prompt.ts';
import { expandImages, type Sequence } from '../../data/batch.ts';
import { encodePrompt, encodeWithImages } from '../../data/conversation.ts';
import { IMAGE_MARK } from '../../data/template.ts';
import { type Problem, ProblemError } from '../../problem.ts';
import type { Params } from './kind.ts';
import type { Asked } from './model.ts';

/** A question as token ids, its image as long as its visual tokens. */
export type Prompt = Readonly<{
  question: Question;
  sequence: Sequence;
  /** longest answer in tokens; 0 when only the next token's probabilities are asked */
  maxNew: number;
}>;

/** The official program of MMLU gives its model so many tokens. */
const MMLU_TOKENS = 2048;

/** Prompts in the order of the questions. Throws ProblemError naming every question that cannot be asked. */
export function promptsOf(asked: Asked, questions: readonly Question[], params: Params): readonly Prompt[] {
  const problems: Problem[] = [];
  const prompts = questions.flatMap((question) => {
    const prompt = promptOf(asked, question, params.maxNewTokens);
    if ('sequence' in prompt) return [prompt];
    problems.push(prompt);
    return [];
  });
  if (problems.length > 0) throw new ProblemError(...problems);
  return prompts;
}

function promptOf(asked: Asked, question: Question, maxNewTokens: number | undefined): Prompt | Problem {
  const { id, image, text, completion } = question;
  if (image !== undefined && asked.eyes === undefined) {
    return {
      code: 'no-eyes',
      message: `question ${id} has an image, but the model has no vision tower`,
      hint: 'connect `model` instead of `languageModel`',
    };
  }
  if (text.includes(IMAGE_MARK)) {
    return { code: 'image-mark', message: `question ${id} has ${IMAGE_MARK} in its text; its image goes before it` };
  }
  const ids =
    completion === true ? encodeWithImages(asked.tokenizer, completionText(asked, question)) : turn(asked, question);
  const example = { ids, labels: ids, segments: ids.map(() => 0) };
  const sequence = expandImages(example, asked.eyes?.tokens ?? 0, imageToken(asked));
  const room = asked.decoder.maxPositions - sequence.ids.length;
  if (room < (completion === true ? 0 : 1)) {
    const message = `question ${id} takes ${sequence.ids.length} tokens; the model has ${asked.decoder.maxPositions} positions`;
    return { code: 'prompt-too-long', message };
  }
  const maxNew = completion === true ? 0 : Math.min(maxNewTokens ?? question.maxNewTokens, room);
  return { question, sequence, maxNew };
}

/** The question as the user's turn of a conversation. */
function turn({ tokenizer, template }: Asked, { image, text }: Question): readonly number[] {
  const question = (image === undefined ? '' : `${IMAGE_MARK}\n`) + text;
  return encodePrompt(tokenizer, template, [{ question }]);
}

/** The few-shot prompt of MMLU, with as many examples as the model has positions for. */
function completionText({ tokenizer, decoder }: Asked, { shots, text }: Question): string {
  if (shots === undefined) return text;
  const limit = Math.min(MMLU_TOKENS, decoder.maxPositions);
  return fitShots(shots, text, (prompt) => tokenizer.encode(prompt).length, limit);
}

/** Stands for a visual token in ids; one that no text has. */
export function imageToken({ eyes, decoder }: Asked): number {
  return eyes?.config.imageToken ?? decoder.vocab;
}
