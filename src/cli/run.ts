import { fileURLToPath } from 'node:url';
import type { Plan } from '../plan/step.ts';
import { type Problem, ProblemError } from '../problem.ts';
import type { Event } from '../run/event.ts';
import { run } from '../run/run.ts';
import type { Experiment } from '../spec/experiment.ts';
import { kinds } from '../stages/kinds.ts';
import type { Manner } from '../ui/summary.ts';
import { commitOf } from './commit.ts';
import type { Context } from './context.ts';
import { openPart } from './experiment.ts';
import { missingFiles, missingProblem } from './missing.ts';
import { readingsOf } from './readings.ts';
import { openReporter } from './reporter.ts';
import { makePlan, openSession, type Session } from './session.ts';
import { onStopSignals, type StopSignals } from './signals.ts';
import { type Workload, workloadOf } from './workload.ts';

export type RunOptions = Readonly<{
  jobs?: number;
  threads?: number;
  memory?: string;
  force?: string[];
  row?: string[];
  stage?: string[];
  failFast?: boolean;
  report?: string;
  json?: boolean;
}>;

/** What is known of a run when it is over. */
type Result = Readonly<{
  done: Extract<Event, { type: 'done' }>;
  failed: ReadonlySet<string>;
  engines: ReadonlySet<string>;
}>;

const exitCodes = { complete: 0, failed: 1, stopped: 130 } as const;

type Done = Result['done'];

/**
 * `sea run`: run what is not cached, then print the tables and one line on how it went; of several experiments one after
 * another, and at last a line on them all. A mistake in any of them, and nothing is started.
 */
export async function runExperiments(files: readonly string[], options: RunOptions, context: Context): Promise<number> {
  // a long experiment takes a moment to read, plan and draw
  if (options.json !== true) context.output.passing(`reading ${files.join(', ')} ...`);
  const experiments = await openAll(files, options, context);
  const ended: Done[] = [];
  let wasStopped = false;
  for (const experiment of experiments) {
    const { done, leave } = await runExperiment(experiment, options, context);
    ended.push(done);
    wasStopped = done.outcome === 'stopped' || (leave && ended.length < experiments.length);
    if (wasStopped || (done.outcome === 'failed' && options.failFast === true)) break;
  }
  if (experiments.length > 1 && options.json !== true) {
    const { totalLine } = await import('../ui/summary.ts');
    context.output.out(`\n${totalLine(ended, experiments.length, context.output.style)}`);
  }
  if (options.report !== undefined && !wasStopped) {
    const line = await closeWithReport(files, options.report, ended, context);
    if (options.json !== true) context.output.out(line);
  }
  return wasStopped ? exitCodes.stopped : Math.max(...ended.map(({ outcome }) => exitCodes[outcome]));
}

/** Writes the report that `--report` asks for, with how this run went; says where it is. */
async function closeWithReport(
  files: readonly string[],
  folder: string,
  ended: readonly Done[],
  context: Context,
): Promise<string> {
  const [{ writeReport }, { countsOf }] = await Promise.all([import('./report.ts'), import('../ui/summary.ts')]);
  const { written } = await writeReport(files, folder, context, countsOf(ended));
  return `report: ${written[0]?.path}`;
}

/** The experiments, or a ProblemError with what is wrong in all of them. */
async function openAll(
  files: readonly string[],
  options: RunOptions,
  { cache }: Context,
): Promise<readonly Experiment[]> {
  const problems: Problem[] = [];
  const experiments: Experiment[] = [];
  for (const file of files) {
    try {
      const experiment = await openPart(file, cache, options);
      experiments.push(experiment);
      problems.push(...missingFiles(experiment).map(missingProblem));
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ProblemError(...problems);
  return experiments;
}

/** `leave`: a stop was asked for, be it too late for the stages. */
async function runExperiment(
  experiment: Experiment,
  options: RunOptions,
  context: Context,
): Promise<Readonly<{ done: Done; leave: boolean }>> {
  const { output, cache } = context;
  const session = await openSession(experiment, cache, { purpose: 'write', force: options.force });
  let signals: StopSignals | undefined;
  try {
    const workload = await workloadOf(session, options, context);
    // heard until the summary is printed, so that a stop that comes as the last stage ends leaves it whole
    signals = onStopSignals();
    const result = await execute(session, workload, options, signals, context);
    if (options.json !== true) {
      const showTables = experiment.tables.length > 0 && options.stage === undefined;
      if (showTables) output.out(`${await tablesText(session, result, context)}\n`);
      const [engine] = result.engines;
      const { engines: jobs, threads, memory } = workload;
      const manner: Manner = {
        ...{ jobs, threads },
        ...(memory === undefined ? {} : { memory: memory.limit }),
        ...(engine === undefined ? {} : { engine }),
      };
      const { summaryLine } = await import('../ui/summary.ts');
      output.out(summaryLine(result.done, manner, output.style));
    }
    return { done: result.done, leave: signals.stop.aborted };
  } finally {
    signals?.close();
    session.store.close();
  }
}

async function execute(
  session: Session,
  workload: Workload,
  options: RunOptions,
  signals: StopSignals,
  context: Context,
): Promise<Result> {
  const { experiment, plan, store, sources } = session;
  const tables = options.stage === undefined ? shownTables(experiment) : [];
  const reporter = await openReporter(experiment.name, options.json === true, context.output, async () =>
    (await import('./boards.ts')).openBoards(session, tables),
  );
  const executor = await openExecutor(plan, workload);
  const failed = new Set<string>();
  const engines = new Set<string>();
  let done: Result['done'] | undefined;
  try {
    const origin = { seagraph: context.version, ...commitOf(experiment.file) };
    const request = {
      plan,
      kinds,
      store,
      executor,
      sources,
      jobs: workload.jobs,
      engines: workload.engines,
      ...(workload.memory === undefined ? {} : { memory: workload.memory }),
      origin,
      failFast: options.failFast === true,
    };
    const force = options.force === undefined ? {} : { force: options.force };
    for await (const event of run({ ...request, ...force, stop: signals.stop, kill: signals.kill })) {
      if (event.type === 'failed' || event.type === 'blocked') failed.add(event.stage);
      if (event.type === 'finished' && event.engine !== 'none') engines.add(event.engine);
      if (event.type === 'done') done = event;
      await reporter.event(event);
    }
  } finally {
    await reporter.close();
    await executor.close();
  }
  if (done === undefined) throw new Error('a run ended without saying how');
  return { done, failed, engines };
}

/** An unchanged run starts nothing, and so needs none of what starts processes. */
async function openExecutor(plan: Plan, { jobs, threads, sideBySide, memory }: Workload) {
  if (plan.counts.run + plan.counts.depends === 0) return idleExecutor;
  const { createLocalExecutor } = await import('../executors/local.ts');
  const script = fileURLToPath(new URL('../worker.js', import.meta.url));
  return createLocalExecutor(kinds, { script, workers: jobs, threads, sideBySide, tight: memory !== undefined });
}

const idleExecutor = {
  submit: (folder: string): Promise<string> =>
    Promise.reject(new Error(`nothing was to run, but ${folder} was submitted`)),
  poll: async () => new Map<string, never>(),
  cancel: async () => undefined,
  changed: () => new Promise<void>(() => undefined),
  close: async () => undefined,
};

async function tablesText(session: Session, { failed }: Result, { output }: Context): Promise<string> {
  const { experiment, store, sources } = session;
  const { run, depends } = session.plan.counts;
  const plan = run + depends === 0 ? session.plan : await makePlan(experiment, store, sources);
  const readings = readingsOf(plan, { failed });
  const [{ makeTable }, { formatTerminal }] = await Promise.all([
    import('../report/table.ts'),
    import('../report/terminal.ts'),
  ]);
  return shownTables(experiment)
    .map((spec) => formatTerminal(makeTable(experiment, spec, readings), { width: output.width, style: output.style }))
    .join('\n\n');
}

/** With --row, tables that show none of those rows are left out. */
function shownTables({ tables, cells }: Experiment) {
  const rows = new Set(cells.map((cell) => cell.row));
  return tables.filter((table) => table.rows === undefined || table.rows.some((row) => rows.has(row)));
}
