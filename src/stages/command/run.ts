import { readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ProblemError, suggest } from '../../problem.ts';
import type { Job, Metrics } from '../kind.ts';
import type { Params } from './kind.ts';
import { placeholder } from './mistakes.ts';
import { type Exit, type Program, startProgram } from './program.ts';
import { followReports } from './reports.ts';

/** Time between asking a command to end and ending it, milliseconds. */
const GRACE = 5_000;

type Paths = Readonly<Record<string, string | undefined>>;

export async function run(job: Job<Params, string, string>): Promise<Metrics> {
  const { params } = job;
  const line = substitute(params.run, job);
  const reports = join(dirname(job.logFile), 'reports.jsonl');
  const paths = { ...variables('SEA_INPUT_', job.input), ...variables('SEA_OUTPUT_', job.output) };
  const env = { ...params.env, ...paths, SEA_PROGRESS: reports };
  checkFolder(params.cwd);
  rmSync(reports, { force: true }); // of an attempt that was killed
  const close = followReports(reports, job);
  try {
    checkExit(await ended(startProgram({ line, cwd: params.cwd, env, log: job.logFile }), params.timeout, job));
  } finally {
    close();
  }
  return params.metrics === undefined ? {} : readMetrics(job, params.metrics);
}

/** Puts quoted paths where the command names ports. Other braces are the shell's. */
export function substitute(
  command: string,
  job: Pick<Job<Params, string, string>, 'input' | 'output' | 'scratch'>,
): string {
  return command.replace(placeholder, (text, side: 'input' | 'output' | undefined, name: string) => {
    if (side === undefined) return quote(job.scratch);
    const paths: Paths = job[side];
    const path = paths[name];
    if (path !== undefined) return quote(path);
    throw new ProblemError({
      code: 'unknown-port',
      message: `the command names ${text}, which the stage does not have`,
      hint: suggest(name, Object.keys(paths)),
    });
  });
}

function quote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

function variables(prefix: string, paths: Paths): Record<string, string> {
  const named = Object.entries(paths).flatMap(([name, path]) => (path === undefined ? [] : [[name, path] as const]));
  return Object.fromEntries(named.map(([name, path]) => [prefix + name.toUpperCase().replaceAll('-', '_'), path]));
}

/** Waits for the program. Stopping and time-out end all it started, politely first. */
async function ended(
  program: Program,
  timeout: number | undefined,
  { signal, kill }: Pick<Job<Params, string, string>, 'signal' | 'kill'>,
): Promise<Exit> {
  let timedOut = false;
  let grace: NodeJS.Timeout | undefined;
  const endNow = (): void => program.kill('SIGKILL');
  const end = (): void => {
    program.kill('SIGTERM');
    grace ??= setTimeout(endNow, GRACE);
  };
  const expire = (): void => {
    timedOut = true;
    end();
  };
  const limit = timeout === undefined ? undefined : setTimeout(expire, timeout * 1000);
  signal.addEventListener('abort', end);
  kill?.addEventListener('abort', endNow);
  if (signal.aborted) end();
  try {
    const exit = await program.ended;
    signal.throwIfAborted();
    if (!timedOut) return exit;
    throw new ProblemError({
      code: 'timeout',
      message: `the command was ended after ${timeout} s`,
      hint: 'raise `timeout`',
    });
  } finally {
    clearTimeout(limit);
    clearTimeout(grace);
    signal.removeEventListener('abort', end);
    kill?.removeEventListener('abort', endNow);
  }
}

function checkExit({ code, signal }: Exit): void {
  if (code === 0) return;
  const message = signal === null ? `the command ended with exit code ${code}` : `the command was killed by ${signal}`;
  throw new ProblemError({ code: 'command-failed', message });
}

function checkFolder(cwd: string): void {
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new ProblemError({
    code: 'no-folder',
    message: `the command cannot run in ${cwd}`,
    hint: 'there is no such folder',
  });
}

function readMetrics(job: Job<Params, string, string>, port: string): Metrics {
  const path = job.output[port];
  if (path === undefined) {
    throw new ProblemError({
      code: 'unknown-port',
      message: `metrics: there is no output "${port}"`,
      hint: suggest(port, Object.keys(job.output)),
    });
  }
  const bad = (what: string) =>
    new ProblemError({
      code: 'bad-metrics',
      message: `output "${port}" ${what}`,
      hint: 'expected a flat JSON object: {"loss": 0.5}',
    });
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw bad(`cannot be read as metrics: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('is not a JSON object');
  for (const [name, number] of Object.entries(value))
    if (typeof number !== 'number') throw bad(`holds ${JSON.stringify(number)} for "${name}", not a number`);
  return value as Metrics;
}
