import { mapConcurrently } from '../../judge/pool.ts';
import type { Judge } from '../benchmark.ts';
import { parsePythonFloat, strip } from '../python-text.ts';
import { FEW_SHOT } from './few-shot.ts';
import type { VetQuestion } from './format.ts';

/** MM-Vet's judge (yuweihao/MM-Vet mm-vet_evaluator.py): a language model marks each answer from 0 to 1. */

export const JUDGE_MAX_TOKENS = 3;
const MAX_TRIES = 5;

/** One request about one question. */
export type MarkRequest = Readonly<{
  id: string;
  run: number;
  /** true from the second request of a question on: the prompt then asks for a digit */
  retry: boolean;
  temperature: number;
  content: string;
}>;

/** A question's marks, run by run: what the judge said (as read) and the score. */
export type Grade = Readonly<{
  contents: readonly string[];
  scores: readonly number[];
  /** marks that are 0 because no reply was a mark */
  unread: number;
}>;

export function judgePrompt({ question, answer }: VetQuestion, prediction: string, retry: boolean): string {
  const truth = answer.replaceAll('<AND>', ' <AND> ').replaceAll('<OR>', ' <OR> ');
  const again = retry ? '\nPredict the correctness of the answer (digit): ' : '';
  return `${FEW_SHOT}\n${[question, truth, prediction, ''].join(' | ')}${again}`;
}

/**
 * Asks the judge about every question, `runs` times over. Requests start in the official order (run by run, question by
 * question); of one mark each waits for the reply before it, whatever the concurrency.
 */
export async function grade(
  questions: ReadonlyMap<string, VetQuestion>,
  predictionOf: (id: string) => string,
  judge: Pick<Judge, 'runs' | 'concurrency' | 'signal' | 'progress'>,
  ask: (request: MarkRequest, signal: AbortSignal) => Promise<string>,
): Promise<ReadonlyMap<string, Grade>> {
  const wanted = Array.from({ length: judge.runs }, (_, run) =>
    Array.from(questions, ([id, question]) => ({ id, question, run })),
  ).flat();
  let done = 0;
  const marks = await mapConcurrently(
    wanted,
    judge.concurrency,
    judge.signal,
    async ({ id, question, run }, signal) => {
      const mark = await gradeOnce((retry, temperature) =>
        ask({ id, run, retry, temperature, content: judgePrompt(question, predictionOf(id), retry) }, signal),
      );
      judge.progress?.(++done, wanted.length);
      return mark;
    },
  );
  return new Map(
    Array.from(questions.keys(), (id, position) => {
      const own = marks.filter((_, at) => at % questions.size === position); // runs follow one another
      const grade = {
        contents: own.map(({ content }) => content),
        scores: own.map(({ score }) => score),
        unread: own.filter(({ read }) => !read).length,
      };
      return [id, grade];
    }),
  );
}

/**
 * One mark. A reply that is no number from 0 to 1 is asked for again, warmer by 0.5 from the second retry on; after
 * the fifth retry the score is 0 and that reply is not read.
 */
async function gradeOnce(
  ask: (retry: boolean, temperature: number) => Promise<string>,
): Promise<Readonly<{ content: string; score: number; read: boolean }>> {
  let reply = await ask(false, 0);
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const content = strip(reply.split(' ')[0] ?? '');
    const score = parsePythonFloat(content);
    if (score !== undefined && !(score > 1 || score < 0)) return { content, score, read: true };
    reply = await ask(true, 0.5 * (tries - 1));
  }
  return { content: reply, score: 0, read: false };
}
