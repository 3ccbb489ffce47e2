import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../hash.ts';
import type { Problem } from '../problem.ts';
import type { Metrics } from '../stages/kind.ts';

/** Names of what lies in a job's folder. `outcome.json` comes last, by rename: it is there whole or not at all. */
export const jobPaths = {
  job: (folder: string): string => join(folder, 'job.json'),
  progress: (folder: string): string => join(folder, 'progress.jsonl'),
  log: (folder: string): string => join(folder, 'log'),
  process: (folder: string): string => join(folder, 'process.json'),
  outcome: (folder: string): string => join(folder, 'outcome.json'),
};

/** The request: everything a process needs to run the stage, wherever it is. */
export type JobFile = Readonly<{
  stage: string;
  kind: string;
  /** of the kind, when the request was made: other code must not answer it */
  version: number;
  params: Json;
  /** absolute paths by port */
  inputs: Readonly<Record<string, string>>;
  outputs: Readonly<Record<string, string>>;
  scratch: string;
  /** folder of the replies that the store keeps */
  replies: string;
  /** job folder of the process that makes the stage, where this one only helps it */
  assist?: string;
}>;

/** What came of it. */
export type Outcome = Readonly<{
  state: 'done' | 'failed' | 'stopped';
  startedAt: string;
  seconds: number;
  engine: string;
  threads: number;
  peakMemory?: number;
  /** which part of the work was done here, where not all of it was */
  share?: number;
  metrics: Metrics;
  /** of a failure */
  message?: string;
  problems?: readonly Problem[];
}>;

/** One step that a stage reported. */
export type ProgressLine = Readonly<{ at: number; step: number; of: number; values: Metrics }>;

/** The process at work in a folder; `started` tells it from a later one with the same pid; `engine` and `threads` once it is open. */
export type ProcessFile = Readonly<{ pid: number; started: string; engine?: string; threads?: number }>;

export function writeJob(folder: string, job: JobFile): void {
  fs.writeFileSync(jobPaths.job(folder), JSON.stringify(job));
}

export function readJob(folder: string): JobFile {
  const file = jobPaths.job(folder);
  const value = record(JSON.parse(fs.readFileSync(file, 'utf8')), file);
  const { stage, kind, version, inputs, outputs, scratch, replies = '', assist } = value; // older requests have no replies
  const whole =
    typeof stage === 'string' &&
    typeof kind === 'string' &&
    typeof version === 'number' &&
    typeof scratch === 'string' &&
    typeof replies === 'string';
  if (!whole || !strings(inputs) || !strings(outputs) || !('params' in value)) throw new Error(`${file} is not a job`);
  const job = { stage, kind, version, params: value['params'] as Json, inputs, outputs, scratch, replies };
  return typeof assist === 'string' ? { ...job, assist } : job;
}

export function writeOutcome(folder: string, outcome: Outcome): void {
  const file = jobPaths.outcome(folder);
  fs.writeFileSync(`${file}.new`, JSON.stringify(outcome));
  fs.renameSync(`${file}.new`, file);
}

/** undefined: the job has not ended. */
export function readOutcome(folder: string): Outcome | undefined {
  const file = jobPaths.outcome(folder);
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const value = record(JSON.parse(text), file);
  const { state, startedAt, seconds, engine, threads, metrics } = value;
  const ended = state === 'done' || state === 'failed' || state === 'stopped';
  const whole =
    typeof startedAt === 'string' &&
    typeof seconds === 'number' &&
    typeof engine === 'string' &&
    typeof threads === 'number';
  if (!ended || !whole || !numbers(metrics)) throw new Error(`${file} is not an outcome`);
  const { peakMemory, share, message, problems } = value;
  return {
    state,
    startedAt,
    seconds,
    engine,
    threads,
    metrics,
    ...(typeof peakMemory === 'number' ? { peakMemory } : {}),
    ...(typeof share === 'number' ? { share } : {}),
    ...(typeof message === 'string' ? { message } : {}),
    ...(Array.isArray(problems) ? { problems: problems.map((problem) => readProblem(problem, file)) } : {}),
  };
}

export function writeProcess(folder: string, value: ProcessFile): void {
  const file = jobPaths.process(folder);
  // by rename: others read it at any moment
  fs.writeFileSync(`${file}.new`, JSON.stringify(value));
  fs.renameSync(`${file}.new`, file);
}

/** undefined: no process was started, or not long enough to say so. */
export function readProcess(folder: string): ProcessFile | undefined {
  const file = jobPaths.process(folder);
  if (!fs.existsSync(file)) return undefined;
  const text = fs.readFileSync(file, 'utf8');
  if (text === '') return undefined;
  const { pid, started, engine, threads } = record(JSON.parse(text), file);
  if (typeof pid !== 'number' || typeof started !== 'string') throw new Error(`${file} names no process`);
  return {
    ...{ pid, started },
    ...(typeof engine === 'string' ? { engine } : {}),
    ...(typeof threads === 'number' ? { threads } : {}),
  };
}

/** Whole lines of progress from a byte offset on, and the offset to go on from. */
export function readProgress(
  folder: string,
  offset: number,
): Readonly<{ lines: readonly ProgressLine[]; offset: number }> {
  const { bytes, size } = readFrom(jobPaths.progress(folder), offset);
  const end = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes
    .subarray(0, end)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map(readProgressLine);
  return { lines, offset: size === 0 ? 0 : offset + end };
}

/** The last lines of a job's log. */
export function logTail(folder: string, lines = 20): readonly string[] {
  const file = jobPaths.log(folder);
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const { bytes } = readFrom(file, Math.max(0, size - 64 * lines * 8));
  return bytes
    .toString('utf8')
    .replace(/\n$/, '')
    .split('\n')
    .slice(-lines)
    .filter((line, _, all) => all.length > 1 || line !== '');
}

function readFrom(file: string, offset: number): Readonly<{ bytes: Buffer; size: number }> {
  let fd: number;
  try {
    fd = fs.openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { bytes: Buffer.alloc(0), size: 0 };
    throw error;
  }
  try {
    const { size } = fs.fstatSync(fd);
    const bytes = Buffer.alloc(Math.max(0, size - offset));
    const count = bytes.length === 0 ? 0 : fs.readSync(fd, bytes, 0, bytes.length, offset);
    return { bytes: bytes.subarray(0, count), size };
  } finally {
    fs.closeSync(fd);
  }
}

function readProgressLine(text: string): ProgressLine {
  const value = record(JSON.parse(text), 'a line of progress');
  const { at, step, of, values } = value;
  if (typeof at !== 'number' || typeof step !== 'number' || typeof of !== 'number' || !numbers(values)) {
    throw new Error(`not a line of progress: ${text}`);
  }
  return { at, step, of, values };
}

function readProblem(value: unknown, file: string): Problem {
  const problem = record(value, file);
  if (typeof problem['code'] !== 'string' || typeof problem['message'] !== 'string')
    throw new Error(`${file} holds a problem without a message`);
  return problem as Problem;
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${where} does not hold an object`);
  return value as Record<string, unknown>;
}

function strings(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && Object.values(value).every((item) => typeof item === 'string');
}

function numbers(value: unknown): value is Record<string, number> {
  return typeof value === 'object' && value !== null && Object.values(value).every((item) => typeof item === 'number');
}
