import { existsSync, readFileSync } from 'node:fs';
import type { Json } from '../hash.ts';
import { jobPaths, logTail } from '../job/folder.ts';
import { ProblemError } from '../problem.ts';
import { flatParameters } from '../report/lineage.ts';
import { duration, paint, type Style, sizeText } from '../report/style.ts';
import { padRight, widthOf } from '../report/width.ts';
import { openStore } from '../store/sqlite.ts';
import type { Entry, Store } from '../store/store.ts';
import { shortNumber } from '../ui/words.ts';
import { attemptLines, type FailedAttempt, failedAttempt } from './attempt.ts';
import { valueText } from './changes.ts';
import type { Context } from './context.ts';
import { newestEntry } from './entry.ts';
import { openExperiment } from './experiment.ts';
import { findStages } from './narrow.ts';
import { json } from './output.ts';
import { openSession } from './session.ts';

type ShowOptions = Readonly<{ log?: boolean; json?: boolean }>;
type Found = Readonly<{ entry: Entry /** made under a key that the experiment no longer asks for */; stale: boolean }>;
/** A stage whose last attempt, as the experiment now asks for it, failed. */
type Failed = Readonly<{ stage: string; kind: string; attempt: FailedAttempt }>;
type Shown = Readonly<{ found: readonly Found[]; failed: readonly Failed[] }>;

/** `sea show`: what a stage left and how; of one that failed, what it said. */
export async function showStage(
  stage: string,
  file: string | undefined,
  options: ShowOptions,
  { output, cache }: Context,
): Promise<number> {
  if (file === undefined) {
    const store = openStore(cache, 'read');
    try {
      return print({ found: [{ entry: newestEntry(store, stage), stale: false }], failed: [] }, store, options, output);
    } finally {
      store.close();
    }
  }
  const experiment = await openExperiment(file, cache);
  const ids = findStages(experiment, stage);
  if (!ids.ok) throw new ProblemError(...ids.problems);
  const { plan, store } = await openSession(experiment, cache);
  try {
    const steps = plan.steps.filter((step) => ids.value.includes(step.id));
    const found = steps.flatMap(({ entry, last }): readonly Found[] => {
      if (entry !== undefined) return [{ entry, stale: false }];
      return last === undefined ? [] : [{ entry: last, stale: true }];
    });
    const failed = steps.flatMap(({ id, spec, key, entry }): readonly Failed[] => {
      const attempt = key === undefined || entry !== undefined ? undefined : failedAttempt(store, key);
      return attempt === undefined ? [] : [{ stage: id, kind: spec.kind, attempt }];
    });
    if (found.length === 0 && failed.length === 0) {
      throw new ProblemError({
        code: 'never-run',
        message: `${stage} has not run yet`,
        hint: `sea run ${file} --stage '${stage}'`,
      });
    }
    return print({ found, failed }, store, options, output);
  } finally {
    store.close();
  }
}

function print({ found, failed }: Shown, store: Store, options: ShowOptions, output: Context['output']): number {
  if (options.json === true) {
    output.out(json({ stages: found.map((item) => entryJson(item, store)), failed: failed.map(failedJson) }));
    return 0;
  }
  const entries = found.map((item) => entryText(item, store, options, output.style));
  output.out([...failed.map((item) => failedText(item, options, output.style)), ...entries].join('\n\n'));
  return 0;
}

function failedJson({ stage, kind, attempt }: Failed): unknown {
  return { stage, kind, ...attempt };
}

function failedText({ stage, kind, attempt }: Failed, options: ShowOptions, style: Style): string {
  const whole = options.log === true ? wholeLog(attempt.failure.log) : undefined;
  return [
    `${paint(style, 'bold', stage)}  ${kind} ${paint(style, 'dim', `key ${attempt.key}`)}`,
    ...attemptLines(attempt, style),
    ...(whole === undefined ? [] : [paint(style, 'accent', 'log'), ...whole.map((line) => `  ${line}`)]),
  ].join('\n');
}

function wholeLog(log: string): readonly string[] | undefined {
  return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : undefined;
}

function entryJson({ entry, stale }: Found, store: Store): unknown {
  const outputs = Object.entries(entry.outputs).map(([port, digest]) => ({
    port,
    digest,
    path: store.path(digest),
    stored: store.has(digest),
    files: store.manifest(digest) ?? [],
  }));
  return { ...entry, stale, outputs, log: jobPaths.log(store.jobFolder(entry.key)) };
}

function entryText({ entry, stale }: Found, store: Store, options: ShowOptions, style: Style): string {
  const folder = store.jobFolder(entry.key);
  const log = jobPaths.log(folder);
  const lines = (options.log === true ? wholeLog(log) : undefined) ?? logTail(folder, 12);
  const note = stale
    ? paint(style, 'warn', '  stale: the experiment now asks for something else (sea why tells what)')
    : '';
  return [
    `${paint(style, 'bold', entry.stage)}  ${entry.kind} ${paint(style, 'dim', `version ${entry.version}, key ${entry.key}`)}${note}`,
    ...parameterLines(entry.identity, style),
    ...section('inputs', Object.entries({ ...entry.inputs, ...entry.sources }), style),
    ...entryLines(entry, store, style),
    ...(lines.length === 0 ? [] : [paint(style, 'accent', 'log'), ...lines.map((line) => `  ${line}`)]),
    paint(style, 'dim', `log: ${log}`),
  ].join('\n');
}

export function parameterLines(params: Json, style: Style): readonly string[] {
  const rows = flatParameters(params).map(([path, value]) => [path, valueText(value)] as const);
  return section('parameters', rows, style);
}

/** What a stage left and how. */
export function entryLines(entry: Entry, store: Store, style: Style): readonly string[] {
  const outputs = Object.entries(entry.outputs).map(([port, digest]) => [port, outputText(store, digest)] as const);
  const metrics = Object.entries(entry.metrics).map(([name, value]) => [name, shortNumber(value)] as const);
  return [
    ...section('outputs', outputs, style),
    ...section('metrics', metrics, style),
    ...section('made', provenance(entry), style),
  ];
}

/** Names and texts beneath a title; nothing where there are none. */
export function section(title: string, rows: readonly (readonly [string, string])[], style: Style): readonly string[] {
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([name]) => widthOf(name)));
  return [paint(style, 'accent', title), ...rows.map(([name, text]) => `  ${padRight(name, width)}  ${text}`)];
}

function outputText(store: Store, digest: Entry['outputs'][string]): string {
  if (!store.has(digest)) return `${digest.slice(0, 12)}  no longer stored`;
  const files = store.manifest(digest) ?? [];
  const size = sizeText(files.reduce((sum, file) => sum + file.size, 0));
  return `${store.path(digest)}  ${files.length === 1 ? size : `${files.length} files, ${size}`}`;
}

function provenance({ experiment, provenance: made }: Entry): readonly (readonly [string, string])[] {
  const memory = made.peakMemory === undefined ? [] : [['memory', sizeText(made.peakMemory)] as const];
  const commit = made.commit === undefined ? [] : [['commit', made.commit] as const];
  return [
    ['experiment', experiment],
    ['started', made.startedAt],
    ['took', duration(made.seconds)],
    [
      'engine',
      made.engine === 'none' ? 'none' : `${made.engine}, ${made.threads} thread${made.threads === 1 ? '' : 's'}`,
    ],
    ...memory,
    ['host', `${made.host} (${made.platform}, Node ${made.node}, seagraph ${made.seagraph})`],
    ...commit,
  ];
}
