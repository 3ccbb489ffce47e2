import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { ProblemError, suggest } from '../../problem.ts';
import type { Job, Metrics } from '../kind.ts';
import type { Params } from './kind.ts';
import { watch } from './watchdog.ts';

/** Time between asking a command to end and ending it, milliseconds. */
const GRACE = 5_000;

type Paths = Readonly<Record<string, string | undefined>>;

export async function run(job: Job<Params, string, string>): Promise<Metrics> {
  const { params } = job;
  const line = substitute(params.run, job.input, job.output, job.scratch);
  const env = { ...process.env, ...params.env, ...variables('SEA_INPUT_', job.input), ...variables('SEA_OUTPUT_', job.output), SEA_SCRATCH: job.scratch };
  const log = openSync(job.logFile, 'a');
  let child: ChildProcess;
  try {
    child = spawn('/bin/sh', ['-c', line], { cwd: params.cwd, env, detached: true, stdio: ['ignore', log, log] });
  } finally {
    closeSync(log);
  }
  await ended(child, params, job.signal);
  return params.metrics === undefined ? {} : readMetrics(job, params.metrics);
}

/** Puts quoted paths where the command names ports. Other braces are the shell's. */
export function substitute(command: string, input: Paths, output: Paths, scratch: string): string {
  return command.replace(/\{(input|output)\.([A-Za-z0-9_-]+)\}|\{scratch\}/g, (text, side: string | undefined, name: string) => {
    if (side === undefined) return quote(scratch);
    const paths = side === 'input' ? input : output;
    const path = paths[name];
    if (path !== undefined) return quote(path);
    throw new ProblemError({ code: 'unknown-port', message: `the command names ${text}, which the stage does not have`, hint: suggest(name, Object.keys(paths)) });
  });
}

function quote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

function variables(prefix: string, paths: Paths): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(paths).map(([name, path]) => [prefix + name.toUpperCase().replaceAll('-', '_'), path]));
}

/** Waits for the command. Stopping and time-out end its whole process group, politely first. */
async function ended(child: ChildProcess, { cwd, timeout }: Params, signal: AbortSignal): Promise<void> {
  const group = child.pid;
  const unwatch = group === undefined ? () => {} : watch(group);
  let timedOut = false;
  let grace: NodeJS.Timeout | undefined;
  const end = (): void => {
    kill(group, 'SIGTERM');
    grace ??= setTimeout(() => kill(group, 'SIGKILL'), GRACE);
  };
  const limit = timeout === undefined ? undefined : setTimeout(() => ((timedOut = true), end()), timeout * 1000);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    const [code, by] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('exit', (...how) => resolve(how));
      child.once('error', reject);
    });
    // What the command left running in the background must not write into outputs that are being hashed.
    kill(group, 'SIGKILL');
    signal.throwIfAborted();
    if (timedOut) throw new ProblemError({ code: 'timeout', message: `the command was ended after ${timeout} s`, hint: 'raise `timeout`' });
    if (code !== 0) throw new ProblemError({ code: 'command-failed', message: by === null ? `the command ended with exit code ${code}` : `the command was killed by ${by}` });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new ProblemError({ code: 'no-folder', message: `the command cannot start in ${cwd}`, hint: 'is the folder there?' });
  } finally {
    unwatch();
    clearTimeout(limit);
    clearTimeout(grace);
    signal.removeEventListener('abort', end);
  }
}

function kill(group: number | undefined, signal: NodeJS.Signals): void {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function readMetrics(job: Job<Params, string, string>, port: string): Metrics {
  const path = job.output[port];
  if (path === undefined) {
    throw new ProblemError({ code: 'unknown-port', message: `metrics: there is no output "${port}"`, hint: suggest(port, Object.keys(job.output)) });
  }
  const bad = (what: string) => new ProblemError({ code: 'bad-metrics', message: `output "${port}" ${what}`, hint: 'expected a flat JSON object: {"loss": 0.5}' });
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw bad(`cannot be read as metrics: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('is not a JSON object');
  for (const [name, number] of Object.entries(value)) if (typeof number !== 'number') throw bad(`holds ${JSON.stringify(number)} for "${name}", not a number`);
  return value as Metrics;
}
