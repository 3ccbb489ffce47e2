import * as fs from 'node:fs';
import { type Problem, ProblemError, problemLine, suggest } from '../problem.ts';
import type { AnyKind, Job, Metrics } from '../stages/kind.ts';
import { type JobFile, jobPaths, type Outcome, readJob, readProcess, writeOutcome, writeProcess } from './folder.ts';
import { progressWriter } from './progress.ts';

export type HostOptions = Readonly<{
  signal: AbortSignal;
  kill?: AbortSignal;
  /** in a process of its own: measures the peak of its memory */
  alone: boolean;
  /** called at every reported step; throws when nobody waits for the result any more */
  beat?(): void;
}>;

type Facts = Readonly<{ engine: string; threads: number }>;
type Ended = Readonly<{ metrics: Metrics; share: number }>;

const WITHOUT_ENGINE: Facts = { engine: 'none', threads: 1 };

/** Runs the stage that a job folder asks for and writes the outcome there. Whatever goes wrong in the stage is an outcome. */
export async function runJob(
  folder: string,
  kinds: ReadonlyMap<string, AnyKind>,
  options: HostOptions,
): Promise<Outcome> {
  const startedAt = new Date();
  const start = performance.now();
  const log = fs.openSync(jobPaths.log(folder), 'a');
  if (options.alone) resetPeakMemory();
  try {
    const end = await attempt(folder, kinds, options, log);
    const outcome: Outcome = {
      ...end,
      startedAt: startedAt.toISOString(),
      seconds: (performance.now() - start) / 1000,
      ...(options.alone ? { peakMemory: peakMemory() } : {}),
    };
    writeOutcome(folder, outcome);
    return outcome;
  } finally {
    fs.closeSync(log);
  }
}

type Attempt = Pick<Outcome, 'state' | 'metrics' | 'share' | 'engine' | 'threads' | 'message' | 'problems'>;

async function attempt(
  folder: string,
  kinds: ReadonlyMap<string, AnyKind>,
  options: HostOptions,
  log: number,
): Promise<Attempt> {
  let facts = WITHOUT_ENGINE;
  try {
    const job = readJob(folder);
    const kind = kindOf(job, kinds);
    if (kind.needs(job.params).engine) facts = await openEngineFor();
    if (options.alone) tellEngine(folder, facts);
    if (job.assist !== undefined && !computesAlike(job.assist, facts)) {
      fs.writeSync(
        log,
        'the process that makes the stage computes otherwise: with its last digits nobody can help it here\n',
      );
      return { state: 'done', metrics: {}, ...facts };
    }
    const { metrics, share } = await work(folder, job, kind, options, log);
    return { state: 'done', metrics, ...facts, ...(share === 1 ? {} : { share }) };
  } catch (error) {
    const problems = error instanceof ProblemError ? error.problems : [];
    const message = error instanceof Error ? error.message : String(error);
    const isStopped = options.signal.aborted;
    const trace = isStopped ? message : stackOf(error);
    fs.writeSync(log, `${problems.length > 0 ? problems.map(problemLine).join('\n') : trace}\n`);
    return { state: isStopped ? 'stopped' : 'failed', metrics: {}, ...facts, message, problems };
  }
}

async function work(folder: string, job: JobFile, kind: AnyKind, options: HostOptions, log: number): Promise<Ended> {
  let share = 1;
  const progress = progressWriter(folder);
  const view: Job<unknown, string, string> = {
    params: job.params,
    input: job.inputs,
    output: job.outputs,
    // Most stages have no use for it, and making a folder is the dearest thing a light stage does.
    get scratch() {
      if (job.assist === undefined) fs.mkdirSync(job.scratch, { recursive: true });
      return job.scratch;
    },
    replies: job.replies,
    logFile: jobPaths.log(folder),
    signal: options.signal,
    ...(options.kill === undefined ? {} : { kill: options.kill }),
    progress(step, of, values = {}) {
      progress.add(step, of, values);
      options.beat?.();
    },
    assist: job.assist !== undefined,
    share(part) {
      share = part;
    },
    log: (line) => void fs.writeSync(log, `${line}\n`),
  };
  try {
    const { run } = await kind.load();
    options.signal.throwIfAborted();
    return { metrics: checkMetrics(await run(view)), share };
  } finally {
    progress.flush();
  }
}

function kindOf(job: JobFile, kinds: ReadonlyMap<string, AnyKind>): AnyKind {
  const kind = kinds.get(job.kind);
  if (kind === undefined) {
    throw new ProblemError({
      code: 'unknown-kind',
      message: `no stage kind "${job.kind}" here`,
      hint: suggest(job.kind, [...kinds.keys()]),
    });
  }
  if (kind.version !== job.version) {
    throw new ProblemError({
      code: 'other-version',
      message: `the job asks for version ${job.version} of "${job.kind}", this process has version ${kind.version}`,
      hint: 'stop all runs, build, run again',
    });
  }
  return kind;
}

/** For whoever watches the stage: what it computes with is known here long before its outcome. */
function tellEngine(folder: string, facts: Facts): void {
  const own = readProcess(folder);
  if (own !== undefined && facts.engine !== 'none') writeProcess(folder, { ...own, ...facts });
}

/** Whether the process that works in a folder gets the same last digits as this one. */
function computesAlike(folder: string, { engine, threads }: Facts): boolean {
  const maker = readProcess(folder);
  return maker !== undefined && (maker.engine ?? 'none') === engine && (maker.threads ?? threads) === threads;
}

async function openEngineFor(): Promise<Facts> {
  const { openEngine } = await import('../engine/open.ts');
  const { captureMode } = await import('../engine/capture.ts');
  const engine = await openEngine();
  // graphs and eager execution differ in the last digits, so the exception is told with every number it makes
  const exception = engine.name === 'tensorflow' && captureMode() === 'eager' ? ', eager' : '';
  return { engine: engine.description + exception, threads: engine.threads };
}

function checkMetrics(metrics: Metrics): Metrics {
  const bad = Object.entries(metrics).filter(([, value]) => !Number.isFinite(value));
  if (bad.length === 0) return metrics;
  throw new ProblemError(
    ...bad.map(([name, value]): Problem => ({ code: 'not-a-number', message: `metric "${name}" is ${value}` })),
  );
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** A warm process keeps the peak of earlier jobs unless the kernel is told to forget it. */
function resetPeakMemory(): void {
  try {
    fs.writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux, or not allowed: then the peak is that of the process so far.
  }
}

/** Bytes: the most memory this process held since the job began. */
function peakMemory(): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'));
    if (line?.[1] !== undefined) return Number(line[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
