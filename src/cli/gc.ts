import { ProblemError } from '../problem.ts';
import { sizeText } from '../report/style.ts';
import { padLeft, padRight } from '../report/width.ts';
import { collectGarbage, type GcPlan, planGc, type Waste } from '../store/gc.ts';
import { createSources } from '../store/sources.ts';
import { openStore, type SqliteStore } from '../store/sqlite.ts';
import type { Key } from '../store/store.ts';
import type { Context } from './context.ts';
import { readExperiment } from './experiment.ts';
import { json } from './output.ts';
import { makePlan } from './session.ts';
import { parseSize } from './size.ts';

type GcOptions = Readonly<{ limit?: string; apply?: boolean; json?: boolean }>;

/** `sea gc`: what may go, and with --apply its end. */
export async function removeUnused(
  files: readonly string[],
  options: GcOptions,
  { output, cache }: Context,
): Promise<number> {
  const store = openStore(cache, options.apply === true ? 'write' : 'read');
  try {
    const plan = planGc(store, await reachableFrom(files, store), limitOf(files, options));
    const applied = options.apply === true;
    if (applied) await collectGarbage(store, plan);
    output.out(options.json === true ? json(planJson(plan, applied)) : planText(plan, applied, cache));
    return 0;
  } finally {
    store.close();
  }
}

/** Without files and a limit nothing says that an output is not wanted: then only leftovers go. */
function limitOf(files: readonly string[], { limit }: GcOptions): number {
  if (limit !== undefined) return parseSize(limit);
  return files.length === 0 ? Number.POSITIVE_INFINITY : 0;
}

/** Keys that experiment files name; of a stage whose inputs must run first, its last entry: it may be reused yet. */
async function reachableFrom(files: readonly string[], store: SqliteStore): Promise<ReadonlySet<Key>> {
  const results = await Promise.all(files.map((file) => readExperiment(file)));
  const problems = results.flatMap((result) => (result.ok ? [] : result.problems));
  if (problems.length > 0) throw new ProblemError(...problems);
  const sources = createSources(store.sourceCache);
  const keys = new Set<Key>();
  for (const result of results) {
    if (!result.ok) continue;
    const plan = await makePlan(result.value, store, sources);
    for (const { key, last } of plan.steps) {
      if (key !== undefined) keys.add(key);
      else if (last !== undefined) keys.add(last.key);
    }
  }
  return keys;
}

/** See schemas/output/gc.schema.json. */
function planJson({ before, after, limit, reached, waste }: GcPlan, applied: boolean): unknown {
  return { before, after, reached, waste, applied, ...(Number.isFinite(limit) ? { limit } : {}) };
}

const kinds: Readonly<Record<Waste['what'], string>> = {
  scratch: 'checkpoints that are no longer needed',
  orphan: 'leftovers of killed runs',
  damaged: 'damaged outputs that were set aside',
  output: 'outputs that no file names',
};

function planText({ before, after, waste }: GcPlan, applied: boolean, cache: string): string {
  if (waste.length === 0) return `nothing to remove from ${cache}, ${sizeText(before)}`;
  const rows = Object.entries(kinds).flatMap(([what, words]) => {
    const some = waste.filter((item) => item.what === what);
    const bytes = some.reduce((sum, item) => sum + item.bytes, 0);
    return some.length === 0 ? [] : [{ number: String(some.length), words, size: sizeText(bytes) }];
  });
  const numbers = Math.max(...rows.map((row) => row.number.length));
  const words = Math.max(...rows.map((row) => row.words.length));
  const lines = rows.map((row) => `${padRight(row.words, words)}  ${padLeft(row.number, numbers)}  ${row.size}`);
  const sizes = `${sizeText(before)} -> ${sizeText(after)} in ${cache}`;
  return [...lines, applied ? `removed: ${sizes}` : `would remove: ${sizes} (--apply removes)`].join('\n');
}
