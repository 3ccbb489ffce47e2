import { writeFile } from 'node:fs/promises';
import { scoreFiles, submissionOf } from '../benchmarks/score-files.ts';
import { ProblemError } from '../problem.ts';
import { paint } from '../report/style.ts';
import { padLeft } from '../report/width.ts';
import type { Context } from './context.ts';
import { json } from './output.ts';

type Options = Readonly<{
  answers: string;
  data: string;
  variant?: string;
  choices?: 'letter' | 'text';
  judge?: string;
  submission?: string;
  json?: boolean;
}>;

/** `sea score`: marks answers that any program made, as the benchmark's official program does. */
export async function scoreAnswers(benchmark: string, options: Options, { output }: Context): Promise<number> {
  const { answers, data, variant, choices, judge } = options;
  if (options.submission !== undefined) return writeSubmission(benchmark, options.submission, options, output);
  const scores = await scoreFiles(
    benchmark,
    { answers, data },
    {
      ...(variant === undefined ? {} : { variant }),
      ...(choices === undefined ? {} : { choices }),
      ...(judge === undefined ? {} : { judge }),
    },
  );
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
  await writeFile(file, submission.bytes);
  for (const notice of submission.notices) output.err(`note: ${notice}`);
  output.out(file);
  return 0;
}
