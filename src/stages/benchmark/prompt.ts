import type { Question } from '../../benchmarks/benchmark.ts';
import { LETTERS } from '../../benchmarks/choices.ts';
import { fitShots } from '../../benchmarks/mmlu/prompt.ts';
import { expandImages, type Sequence } from '../../data/batch.ts';
import { encodePieces, encodePrompt, encodeWithImages } from '../../data/conversation.ts';
import { answerPiece, IMAGE_MARK, writeConversation } from '../../data/template.ts';
import { type Asked, imageToken } from '../../model/asked.ts';
import { type Problem, ProblemError } from '../../problem.ts';
import type { Params } from './kind.ts';

/** A question as token ids, its image as long as its visual tokens. */
export type Prompt = Readonly<{
  question: Question;
  sequence: Sequence;
  /** longest answer in tokens; 0 when only the next token's probabilities are asked */
  maxNew: number;
  /** where the most probable option is the answer: the prompt with each option behind it, labels on the option and its end */
  options?: readonly Sequence[];
}>;

/** The official program of MMLU gives its model so many tokens. */
const MMLU_TOKENS = 2048;

/** Prompts in the order of the questions. Throws ProblemError naming every question that cannot be asked. */
export function promptsOf(asked: Asked, questions: readonly Question[], params: Params): readonly Prompt[] {
  const problems: Problem[] = [];
  const prompts = questions.flatMap((question) => {
    const prompt = promptOf(asked, question, params);
    if ('sequence' in prompt) return [prompt];
    problems.push(prompt);
    return [];
  });
  if (problems.length > 0) throw new ProblemError(...problems);
  return prompts;
}

function promptOf(asked: Asked, question: Question, params: Params): Prompt | Problem {
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
  const options =
    params.choose === 'likelihood' && completion !== true ? optionsOf(asked, question, params) : undefined;
  const longest = Math.max(sequence.ids.length, ...(options ?? []).map(({ ids }) => ids.length));
  const room = asked.decoder.maxPositions - longest;
  if (room < (completion === true || options !== undefined ? 0 : 1)) {
    const message = `question ${id} takes ${longest} tokens; the model has ${asked.decoder.maxPositions} positions`;
    return { code: 'prompt-too-long', message };
  }
  if (options !== undefined) return { question, sequence, maxNew: 0, options };
  const maxNew = completion === true ? 0 : Math.min(params.maxNewTokens ?? question.maxNewTokens, room);
  return { question, sequence, maxNew };
}

/** The question answered with each of its options in turn, by letter or by text. */
function optionsOf(asked: Asked, question: Question, { choices, benchmark }: Params): readonly Sequence[] {
  const { tokenizer, template, eyes } = asked;
  if (question.choices === undefined || question.choices.length === 0) {
    throw new ProblemError({
      code: 'no-choices',
      message: `question ${question.id} of ${benchmark} has no options to choose from by likelihood`,
      hint: 'leave `choose` out',
    });
  }
  const open = writeConversation(template, [{ question: marked(question) }]);
  return optionTexts(question.choices, choices).map((text) =>
    expandImages(encodePieces(tokenizer, [...open, answerPiece(template, text)]), eyes?.tokens ?? 0, imageToken(asked)),
  );
}

/** What an answer that takes an option says: its letter or its text. */
export function optionTexts(options: readonly string[], choices: Params['choices']): readonly string[] {
  return choices === 'text' ? options : options.map((_, index) => LETTERS[index] ?? '');
}

/** The question as the user's turn of a conversation. */
function turn({ tokenizer, template }: Asked, question: Question): readonly number[] {
  return encodePrompt(tokenizer, template, [{ question: marked(question) }]);
}

function marked({ image, text }: Question): string {
  return (image === undefined ? '' : `${IMAGE_MARK}\n`) + text;
}

/** The few-shot prompt of MMLU, with as many examples as the model has positions for. */
function completionText({ tokenizer, decoder }: Asked, { shots, text }: Question): string {
  if (shots === undefined) return text;
  const limit = Math.min(MMLU_TOKENS, decoder.maxPositions);
  return fitShots(shots, text, (prompt) => tokenizer.encode(prompt).length, limit);
}
