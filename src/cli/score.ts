import { rename, rm, writeFile } from 'node:fs/promises';
import type { Judge, Scores } from '../benchmarks/benchmark.ts';
import { scoreFiles, submissionOf } from '../benchmarks/score-files.ts';
import { openJudge } from '../judge/judge.ts';
import { ProblemError } from '../problem.ts';
import { paint } from '../report/style.ts';
import { padLeft } from '../report/width.ts';
import { layout } from '../store/layout.ts';
import type { Context } from './context.ts';
import { json } from './output.ts';
import { onStopSignals } from './signals.ts';

type Options = Readonly<{
  answers: string;
  data: string;
  variant?: string;
  choices?: 'letter' | 'text';
  /** an address, or none */
  judge?: string;
  judgeModel?: string;
  judgeKey: string;
  judgeRuns: number;
  judgeConcurrency: number;
  submission?: string;
  json?: boolean;
}>;

/** `sea score`: marks answers that any program made, as the benchmark's official program does. */
export async function scoreAnswers(benchmark: string, options: Options, context: Context): Promise<number> {
  const { output } = context;
  const { answers, data, variant, choices } = options;
  if (options.submission !== undefined) return writeSubmission(benchmark, options.submission, options, output);
  const signals = options.judge === undefined || options.judge === 'none' ? undefined : onStopSignals();
  const judge = judgeOf(options, context, signals?.stop);
  let scores: Scores;
  try {
    scores = await scoreFiles(
      benchmark,
      { answers, data },
      {
        ...(variant === undefined ? {} : { variant }),
        ...(choices === undefined ? {} : { choices }),
        ...(judge === undefined ? {} : { judge }),
      },
    );
  } catch (error) {
    if (signals?.stop.aborted !== true) throw error;
    output.err('stopped: the replies so far are kept, and the same command asks only for the rest');
    return 130;
  } finally {
    signals?.close();
  }
  const { metrics, details, notices, questions } = scores;
  for (const notice of notices) output.err(`note: ${notice}`);
  if (options.json === true) {
    output.out(json({ benchmark, questions: questions.length, metrics, details, notices }));
  } else {
    const lines = Object.entries(metrics).map(([name, value]) => `${padLeft(value.toFixed(2), 8)}  ${name}`);
    output.out([...lines, paint(output.style, 'dim', `${questions.length} questions of ${benchmark}`)].join('\n'));
  }
  return 0;
}

/** The judge that the options name; its replies are kept in the cache, so that marking again costs nothing. */
function judgeOf(
  options: Options,
  { cache, env, output }: Context,
  stop: AbortSignal = new AbortController().signal,
): 'none' | Judge | undefined {
  const { judge, judgeModel: model, judgeKey: key, judgeRuns: runs, judgeConcurrency: concurrency } = options;
  if (judge === undefined || judge === 'none') return judge;
  const stated = { url: judge, ...(model === undefined ? {} : { model }), key, runs, concurrency };
  return openJudge(stated, {
    replies: layout.replies(cache),
    env,
    signal: stop,
    log: (line) => output.err(line),
  });
}

async function writeSubmission(
  benchmark: string,
  file: string,
  { answers, data }: Options,
  output: Context['output'],
): Promise<number> {
  const submission = await submissionOf(benchmark, { answers, data });
  if (submission === undefined) {
    throw new ProblemError({ code: 'no-submission', message: `${benchmark} has no evaluation server to upload to` });
  }
  await writeWhole(file, submission.bytes);
  for (const notice of submission.notices) output.err(`note: ${notice}`);
  output.out(file);
  return 0;
}

/** Under its name the file is there whole or not at all. */
async function writeWhole(file: string, bytes: string | Uint8Array): Promise<void> {
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(unfinished, bytes);
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw new ProblemError({ code: 'unwritable-file', message: `cannot write ${file}: ${(error as Error).message}` });
  }
}
