import { jobPaths, readProgress } from '../job/folder.ts';
import { walk } from '../report/lineage.ts';
import type { Style } from '../report/style.ts';
import type { StageSpec } from '../spec/experiment.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import type { Detail, Open, Series, StageItem } from '../ui/browse/world.ts';
import { brokenTo } from '../ui/cut.ts';
import { attemptLines, failedAttempt } from './attempt.ts';
import { logLines } from './observe.ts';
import { entryLines, parameterLines } from './show.ts';
import { whyLines } from './why.ts';

type Look = Readonly<{ style: Style; width: number }>;

/**
 * All that is known of one stage, in lines of at most so many columns. A running stage has its log and curve so far; one
 * that never ran has its parameters.
 */
export function detailOf(open: Open, id: string, store: SqliteStore, { style, width }: Look): Detail | undefined {
  const item = open.items.get(id);
  if (item === undefined) return undefined;
  const { step } = item;
  const entry = step.entry ?? step.last;
  const key = item.state === 'running' || item.state === 'failed' ? step.key : (entry?.key ?? step.key);
  const folder = key === undefined ? undefined : store.jobFolder(key);
  const stale = step.entry === undefined && step.last !== undefined;
  const fitted = (lines: readonly string[]) => lines.flatMap((line) => brokenTo(line.replaceAll('\t', '  '), width));
  return {
    stage: id,
    width,
    lines: {
      why: fitted([...failureLines(item, store, style), ...whyLines(open.plan, id, style)]),
      parameters: fitted(parameterLines(step.spec.params, style)),
      metrics:
        entry === undefined
          ? []
          : fitted([...(stale ? ['of its last run; it is to run again', ''] : []), ...entryLines(entry, store, style)]),
      log: folder === undefined ? [] : fitted(logLines(jobPaths.log(folder))),
    },
    curves: folder === undefined ? [] : curvesOf(folder),
    lineage: lineageOf(open.experiment.stages, id),
  };
}

/** Of a failed stage what `sea show` tells. */
function failureLines({ state, step }: StageItem, store: SqliteStore, style: Style): readonly string[] {
  const attempt = state === 'failed' && step.key !== undefined ? failedAttempt(store, step.key) : undefined;
  return attempt === undefined ? [] : [...attemptLines(attempt, style), '  o shows all of it', ''];
}

/** A series for each number that was reported, the loss first. */
function curvesOf(folder: string): readonly Series[] {
  const series = new Map<string, [step: number, value: number][]>();
  for (const { step, values } of readProgress(folder, 0).lines) {
    for (const [name, value] of Object.entries(values)) {
      const points = series.get(name);
      if (points === undefined) series.set(name, [[step, value]]);
      else points.push([step, value]);
    }
  }
  const named = [...series].map(([name, points]) => ({ name, points }));
  return named.sort((a, b) => Number(b.name === 'loss') - Number(a.name === 'loss'));
}

/** The stage, all that it reads, all that reads it; each branch once, indented by distance. */
export function lineageOf(stages: readonly StageSpec[], id: string): Detail['lineage'] {
  const inputs = new Map(stages.map((spec) => [spec.id, Object.values(spec.inputs).map(({ stage }) => ({ stage }))]));
  const readers = new Map<string, Readonly<{ stage: string }>[]>();
  for (const [reader, reads] of inputs) {
    for (const { stage } of reads) readers.set(stage, [...(readers.get(stage) ?? []), { stage: reader }]);
  }
  const up = walk(id, (stage) => inputs.get(stage) ?? []).map((line) => ({ ...line, reads: true }));
  const down = walk(id, (stage) => readers.get(stage) ?? []).map((line) => ({ ...line, reads: false }));
  return [{ stage: id, depth: 0, reads: true }, ...up, ...down];
}
