import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readAnswers } from './answers.ts';
import type { ScoreOptions, Scores, Submission } from './benchmark.ts';
import { benchmarkNamed } from './list.ts';

/** Marks an answers file against a benchmark's folder, both in their official formats. */
export async function scoreFiles(
  benchmark: string,
  files: Readonly<{ answers: string; data: string }>,
  options: ScoreOptions = {},
): Promise<Scores> {
  const { score } = benchmarkNamed(benchmark);
  return score(files.data, await readAnswers(files.answers), options);
}

/** The upload file of a benchmark's server; broken lines of the answers are left out where LLaVA's script does so, and told. */
export async function submissionOf(
  benchmark: string,
  files: Readonly<{ answers: string; data: string }>,
): Promise<Submission | undefined> {
  const { submission, uploadSkipsBroken: skipBroken = false } = benchmarkNamed(benchmark);
  return submission?.(files.data, await readAnswers(files.answers, { skipBroken }));
}

/** Writes scores as a folder: scores.json (metrics, details, notices) and questions.jsonl (one line a question). */
export async function writeScores(folder: string, benchmark: string, scores: Scores): Promise<void> {
  const { metrics, details, notices, questions } = scores;
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'scores.json'),
    `${JSON.stringify({ benchmark, metrics, details, notices }, null, 2)}\n`,
  );
  await pipeline(Readable.from(chunks(questions, 1000)), createWriteStream(join(folder, 'questions.jsonl'), 'utf8'));
}

function* chunks(questions: Scores['questions'], size: number): Iterable<string> {
  for (let start = 0; start < questions.length; start += size) {
    const lines = questions.slice(start, start + size).map((question) => JSON.stringify(question));
    yield `${lines.join('\n')}\n`;
  }
}
