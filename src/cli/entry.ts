import { ProblemError, suggest } from '../problem.ts';
import { openStore, type SqliteStore } from '../store/sqlite.ts';
import type { Entry, Store } from '../store/store.ts';
import type { Context } from './context.ts';
import { openExperiment } from './experiment.ts';
import { findStages } from './narrow.ts';
import { openSession } from './session.ts';

/** The newest entry whose key begins so, or whose stage has this id or name. */
export function newestEntry(store: Store, wanted: string): Entry {
  const entries = [...store.entries()].reverse();
  const isKey = /^[0-9a-f]{6,64}$/.test(wanted);
  const found =
    entries.find((entry) => entry.stage === wanted) ??
    entries.find((entry) => entry.name === wanted) ??
    entries.find((entry) => isKey && entry.key.startsWith(wanted));
  if (found !== undefined) return found;
  const names = [...new Set(entries.flatMap((entry) => [entry.name, entry.stage]))];
  throw new ProblemError({
    code: 'unknown-stage',
    message: `the cache has no stage "${wanted}"`,
    hint: suggest(wanted, names),
  });
}

/** An entry and those that made its inputs, nearest first: of several that left the same content the oldest. */
export function lineageOf(store: Store, entry: Entry): readonly Entry[] {
  const oldestLast = [...store.entries()].reverse();
  const makers = new Map(oldestLast.flatMap((one) => Object.values(one.outputs).map((made) => [made, one])));
  const found = new Map([[entry.key, entry]]);
  // a map goes on with what is added to it while it is walked
  for (const { inputs } of found.values()) {
    for (const content of Object.values(inputs)) {
      const maker = makers.get(content);
      if (maker !== undefined && !found.has(maker.key)) found.set(maker.key, maker);
    }
  }
  return [...found.values()];
}

/** The one entry that is meant; the caller closes the store. */
export async function findEntry(
  stage: string,
  file: string | undefined,
  { cache }: Context,
): Promise<Readonly<{ entry: Entry; store: SqliteStore }>> {
  if (file === undefined) {
    const store = openStore(cache, 'read');
    try {
      return { entry: newestEntry(store, stage), store };
    } catch (error) {
      store.close();
      throw error;
    }
  }
  const experiment = await openExperiment(file, cache);
  const ids = findStages(experiment, stage);
  if (!ids.ok) throw new ProblemError(...ids.problems);
  const [id, ...others] = ids.value;
  if (others.length > 0) {
    const hint = `name one: ${ids.value.slice(0, 6).join(', ')}${ids.value.length > 6 ? ', ...' : ''}`;
    throw new ProblemError({ code: 'several-stages', message: `${ids.value.length} stages are called ${stage}`, hint });
  }
  const { plan, store } = await openSession(experiment, cache);
  const entry = plan.steps.find((step) => step.id === id)?.entry;
  if (entry !== undefined) return { entry, store };
  store.close();
  throw new ProblemError({
    code: 'never-run',
    message: `${stage} has not run as ${file} now asks`,
    hint: `sea run ${file} --stage '${stage}'; or without the file: the newest entry`,
  });
}
