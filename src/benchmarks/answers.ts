import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { type Problem, ProblemError } from '../problem.ts';
import { question_id, readJsonLines, shape } from './json-file.ts';
import { problemAt } from './text-file.ts';

/** A question's id as its official file writes it: VQAv2, POPE, MMBench and MM-Vet count, the others name. */
export type Id = string | number;

/** One line of LLaVA's answers file, with where it stood. */
export type Answer = Readonly<{
  question_id: Id;
  /** the question's text as LLaVA records it (see Question.recorded); '' where the file has none */
  prompt: string;
  text: string;
  answer_id?: string;
  model_id?: string;
  metadata?: Readonly<Record<string, unknown>>;
  /** VizWiz: how answerable the question is, 0..1 */
  answerable?: number;
  /** line in `file`, from 1 */
  line: number;
}>;

/** An answers file as it was read; scorers name `file` and the answer's line when they stop. */
export type Answers = Readonly<{ file: string; lines: readonly Answer[]; broken: readonly Problem[] }>;

const answerLine = shape({
  type: 'object',
  required: ['question_id', 'text'],
  properties: {
    question_id,
    prompt: { type: 'string' },
    text: { type: 'string' },
    answerable: { type: 'number' },
  },
} as const);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Reads LLaVA's answers JSONL; `skipBroken` leaves broken lines out and lists them, as LLaVA's upload scripts do. */
export async function readAnswers(file: string, options: { skipBroken?: boolean } = {}): Promise<Answers> {
  const broken: Problem[] = [];
  const lines = await readJsonLines(
    file,
    answerLine,
    options.skipBroken ? (problem) => broken.push(problem) : undefined,
  );
  return {
    file,
    broken,
    lines: lines.map(({ line, value }) => ({
      question_id: value.question_id,
      prompt: value.prompt ?? '',
      text: value.text,
      ...(typeof value['answer_id'] === 'string' ? { answer_id: value['answer_id'] } : {}),
      ...(typeof value['model_id'] === 'string' ? { model_id: value['model_id'] } : {}),
      ...(isObject(value['metadata']) ? { metadata: value['metadata'] } : {}),
      ...(value.answerable === undefined ? {} : { answerable: value.answerable }),
      line,
    })),
  };
}

/** A line as LLaVA writes it: its key order; `extra` holds MMBench's round_id, options and option_char. */
export type AnswerLine = Readonly<{
  question_id: Id;
  prompt: string;
  text: string;
  answer_id: string;
  model_id: string;
  metadata?: Readonly<Record<string, unknown>>;
  extra?: Readonly<Record<string, unknown>>;
}>;

export async function writeAnswers(file: string, answers: Iterable<AnswerLine>): Promise<void> {
  const stream = createWriteStream(file, 'utf8');
  for (const { extra, metadata, question_id, prompt, text, answer_id, model_id } of answers) {
    const { round_id, ...others } = extra ?? {};
    const round = round_id === undefined ? {} : { round_id };
    const line = { question_id, ...round, prompt, text, ...others, answer_id, model_id, metadata: metadata ?? {} };
    if (!stream.write(`${JSON.stringify(line)}\n`)) await once(stream, 'drain');
  }
  stream.end();
  await finished(stream);
}

/**
 * The answers by id, a repeated id's last line winning (as the dictionaries of the official scripts do). Ids that no
 * question has stop with file and line.
 */
export function answersById(answers: Answers, known: (id: string) => boolean): ReadonlyMap<string, Answer> {
  const strangers = answers.lines.filter((answer) => !known(String(answer.question_id)));
  if (strangers.length > 0) stopAtAnswers(answers, strangers, 'unknown-question', 'no question has this id');
  return new Map(answers.lines.map((answer) => [String(answer.question_id), answer]));
}

/** Says that ids are answered more than once, where the official program takes the last answer without a word. */
export function repeatedNotices(answers: Answers): readonly string[] {
  const seen = new Set<string>();
  const repeated = answers.lines.filter(({ question_id }) => {
    const before = seen.size;
    return seen.add(String(question_id)).size === before;
  });
  const [first] = repeated;
  if (first === undefined) return [];
  return [
    `${repeated.length === 1 ? 'a line answers' : `${repeated.length} lines answer`} a question again, the first is line ${first.line}: the last answer counts, as officially`,
  ];
}

/** What an upload leaves out, as LLaVA's scripts do: broken lines, and answers to questions that the split has not. */
export function uploadNotices(answers: Answers, asked: Iterable<Id>): readonly string[] {
  const known = new Set(Array.from(asked, String));
  const strangers = answers.lines.filter(({ question_id }) => !known.has(String(question_id)));
  return [
    ...answers.broken.map(({ at, message }) => `line ${at?.line} left out: ${message}`),
    ...(strangers.length > 0
      ? [`${strangers.length} answers to other questions left out, the first in line ${strangers[0]?.line}`]
      : []),
  ];
}

/** Stops naming the lines of answers that cannot be used (the first ten of them). */
export function stopAtAnswers(answers: Answers, bad: readonly Answer[], code: string, message: string): never {
  const shown = bad
    .slice(0, 10)
    .map((answer) => problemAt(answers.file, answer.line, code, `${message}: ${answer.question_id}`));
  const rest = bad.length - shown.length;
  throw new ProblemError(
    ...shown,
    ...(rest > 0 ? [{ code, message: `and ${rest} more such answers in ${answers.file}` }] : []),
  );
}

/** Stops when questions have no answer, naming the first of them. */
export function stopAtMissing(answers: Answers, missing: readonly Id[]): never {
  const named = missing.slice(0, 5).join(', ');
  throw new ProblemError({
    code: 'missing-answers',
    message: `${missing.length === 1 ? 'a question has' : `${missing.length} questions have`} no answer in ${answers.file}: ${named}${missing.length > 5 ? ', ...' : ''}`,
    hint: 'the official scorer stops here too: answer every question',
  });
}
