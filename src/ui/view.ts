import type { Event, Failure, Why } from '../run/event.ts';
import type { Metrics } from '../stages/kind.ts';

/** A curve of bounded length: when it is full, neighbours are averaged and each point stands for twice as many. */
export type Curve = Readonly<{ points: readonly number[]; stride: number; sum: number; count: number }>;

export type RunningStage = Readonly<{
  id: string;
  kind: string;
  why: Why;
  startedAt: number;
  resumed: boolean;
  step: number;
  of: number;
  values: Metrics;
  /** the latest progress reports, for the step rate */
  reports: readonly Report[];
  loss: Curve;
  /** its log file; progress and process lie beside it */
  log: string;
  /** bytes that its process holds now; absent where that cannot be seen */
  memory?: number;
}>;

/** What is seen of a running stage beside its events. */
export type Sight = Readonly<{ memory?: number; engine?: string }>;

export type Failed = Readonly<{ type: 'failed'; stage: string; failure: Failure }>;
/** A stage that is over. */
export type Ended =
  | Failed
  | Readonly<{ type: 'finished'; stage: string; seconds: number; engine: string; metrics: Metrics }>
  | Readonly<{ type: 'blocked'; stage: string; by: string }>
  | Readonly<{ type: 'stopped'; stage: string }>;

/** All that the screen shows of a run; made from events alone. Times are milliseconds since 1970. */
export type View = Readonly<{
  experiment: string;
  startedAt: number;
  now: number;
  stages: number;
  toRun: number;
  estimateSeconds?: number;
  reused: number;
  ran: number;
  failed: number;
  blocked: number;
  /** stages that another process is making */
  waiting: ReadonlySet<string>;
  running: readonly RunningStage[];
  /** printed once each; they stay on the screen when the run is over */
  failures: readonly Failed[];
  /** the latest stages that are over, without failures */
  recent: readonly Exclude<Ended, Failed>[];
  engine?: string;
  stopping?: 'clean' | 'force';
  done?: Extract<Event, { type: 'done' }>;
}>;

export function emptyView(experiment: string, at: number): View {
  const counts = { stages: 0, toRun: 0, reused: 0, ran: 0, failed: 0, blocked: 0 };
  return { experiment, startedAt: at, now: at, ...counts, waiting: new Set(), running: [], failures: [], recent: [] };
}

/** The view after an event. */
export function advance(before: View, event: Event): View {
  const view = { ...before, now: Math.max(before.now, event.at) };
  switch (event.type) {
    case 'planned': {
      const { experiment, stages, run, depends, estimateSeconds, at } = event;
      const estimate = estimateSeconds === undefined ? {} : { estimateSeconds };
      return { ...view, experiment, startedAt: at, stages, toRun: run + depends, ...estimate };
    }
    case 'started':
      return { ...settle(view, event.stage), running: [...view.running, starting(event)] };
    case 'progress':
      return {
        ...view,
        running: view.running.map((stage) => (stage.id === event.stage ? progressed(stage, event) : stage)),
      };
    case 'waiting':
      return { ...view, waiting: new Set([...view.waiting, event.stage]) };
    case 'helped':
      return view;
    case 'reused':
      return { ...settle(view, event.stage), reused: view.reused + 1 };
    case 'finished': {
      const { stage, seconds, engine, metrics } = event;
      const known = engine === 'none' ? {} : { engine };
      return { ...passed(view, { type: 'finished', stage, seconds, engine, metrics }), ran: view.ran + 1, ...known };
    }
    case 'failed': {
      const failure: Failed = { type: 'failed', stage: event.stage, failure: event.failure };
      return { ...settle(view, event.stage), failures: [...view.failures, failure], failed: view.failed + 1 };
    }
    case 'blocked':
      return { ...passed(view, { type: 'blocked', stage: event.stage, by: event.by }), blocked: view.blocked + 1 };
    case 'stopped':
      return passed(view, { type: 'stopped', stage: event.stage });
    case 'stopping':
      return { ...view, stopping: event.force ? 'force' : 'clean' };
    case 'done':
      return { ...view, done: event, running: [], waiting: new Set() };
  }
}

/** The clock moved on, and running stages were looked at. */
export function tick(view: View, at: number, look: (stage: RunningStage) => Sight = () => ({})): View {
  const now = Math.max(view.now, at);
  const seen = view.running.map((stage) => ({ stage, sight: look(stage) }));
  const engine = view.engine ?? seen.find(({ sight }) => sight.engine !== undefined)?.sight.engine;
  return {
    ...view,
    now,
    ...(engine === undefined ? {} : { engine }),
    running: seen.map(({ stage, sight: { memory } }) => (memory === undefined ? stage : { ...stage, memory })),
  };
}

function settle(view: View, stage: string): View {
  const waiting = view.waiting.has(stage) ? new Set([...view.waiting].filter((id) => id !== stage)) : view.waiting;
  const isRunning = view.running.some((item) => item.id === stage);
  return { ...view, waiting, running: isRunning ? view.running.filter((item) => item.id !== stage) : view.running };
}

/** No window shows more of them. */
const mostRecent = 60;

function passed(view: View, ended: Exclude<Ended, Failed>): View {
  return { ...settle(view, ended.stage), recent: [...view.recent, ended].slice(-mostRecent) };
}

function starting({ stage, kind, why, at, resumed, log }: Extract<Event, { type: 'started' }>): RunningStage {
  const loss: Curve = { points: [], stride: 1, sum: 0, count: 0 };
  return { id: stage, kind, why, startedAt: at, resumed, step: 0, of: 0, values: {}, reports: [], loss, log };
}

type Report = Readonly<{ at: number; step: number }>;
/** Reports nearer to each other than this say nothing of a speed: they may have been read together. Milliseconds. */
const apart = 200;

/** The first and the latest reports; one that comes right after the last takes its place. */
function reported(reports: readonly Report[], report: Report): readonly Report[] {
  const last = reports.length > 1 ? reports.at(-1) : undefined;
  const kept = last !== undefined && report.at - last.at < apart ? reports.slice(0, -1) : reports;
  return [...kept, report].slice(-12);
}

function progressed(stage: RunningStage, event: Extract<Event, { type: 'progress' }>): RunningStage {
  const { at, step, of, values } = event;
  const main = mainValue(values);
  return {
    ...stage,
    step,
    of,
    values: { ...stage.values, ...values },
    reports: reported(stage.reports, { at, step }),
    loss: main === undefined ? stage.loss : extend(stage.loss, main[1]),
  };
}

/** What a stage's curve is drawn from: its loss, else the first number it reports. */
export function mainValue(values: Metrics): readonly [name: string, value: number] | undefined {
  return 'loss' in values ? ['loss', values['loss'] as number] : Object.entries(values)[0];
}

const curveLength = 32;

export function extend(curve: Curve, value: number): Curve {
  const sum = curve.sum + value;
  const count = curve.count + 1;
  if (count < curve.stride) return { ...curve, sum, count };
  const points = [...curve.points, sum / count];
  if (points.length < curveLength) return { points, stride: curve.stride, sum: 0, count: 0 };
  const halved = points.flatMap((point, at) => (at % 2 === 0 ? [] : [(point + (points[at - 1] ?? point)) / 2]));
  return { points: halved, stride: curve.stride * 2, sum: 0, count: 0 };
}

/** Steps a second over the latest reports; undefined before the second one. */
export function stepRate(stage: RunningStage): number | undefined {
  const first = stage.reports[0];
  const last = stage.reports[stage.reports.length - 1];
  if (first === undefined || last === undefined || last.at - first.at < apart || last.step <= first.step)
    return undefined;
  return ((last.step - first.step) * 1000) / (last.at - first.at);
}

/** Seconds until a running stage ends, from its own speed. */
export function stageSecondsLeft(stage: RunningStage): number | undefined {
  const rate = stepRate(stage);
  return rate === undefined || stage.of <= 0 ? undefined : Math.max(0, (stage.of - stage.step) / rate);
}

/**
 * Seconds until all is done. From the plan's estimate where earlier runs gave one, else from the pace of the first quarter;
 * never less than the slowest running stage needs. Undefined while there is nothing to go by.
 */
export function secondsLeft(view: View): number | undefined {
  const elapsed = (view.now - view.startedAt) / 1000;
  const ends = view.running.flatMap((stage) => stageSecondsLeft(stage) ?? []);
  const over = view.ran + view.failed + view.blocked;
  const remaining = Math.max(0, view.toRun - over);
  // the first stages of a graph (making models) say little about the many that follow (asking them)
  const telling = view.ran > 0 && 4 * view.ran >= view.toRun && remaining > view.running.length;
  const pace = telling ? (elapsed / view.ran) * remaining : undefined;
  const planned = view.estimateSeconds === undefined ? undefined : view.estimateSeconds - elapsed;
  const guess = planned !== undefined && planned > 0 ? planned : pace;
  // the ends of what runs are the end of all only where nothing comes after
  const isLast = remaining <= ends.length;
  if (guess === undefined && !isLast) return undefined;
  const candidates = [...ends, ...(guess === undefined ? [] : [guess])];
  return candidates.length === 0 ? undefined : Math.max(...candidates);
}
