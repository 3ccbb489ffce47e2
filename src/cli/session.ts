import type { Digest } from '../hash.ts';
import { plan } from '../plan/plan.ts';
import type { Plan } from '../plan/step.ts';
import type { Experiment } from '../spec/experiment.ts';
import { kinds, kindsByName } from '../stages/kinds.ts';
import { createSources, type Sources } from '../store/sources.ts';
import { openStore, type SqliteStore } from '../store/sqlite.ts';

/** An experiment, the store it is planned against, and the plan. */
export type Session = Readonly<{ experiment: Experiment; store: SqliteStore; sources: Sources; plan: Plan }>;

export type Force = true | readonly string[];

/** Opens the store, which the caller closes. */
export async function openSession(
  experiment: Experiment,
  cache: string,
  { purpose = 'read', force }: Readonly<{ purpose?: 'read' | 'write'; force?: Force | undefined }> = {},
): Promise<Session> {
  const store = openStore(cache, purpose);
  try {
    const sources = createSources(store.sourceCache);
    return { experiment, store, sources, plan: await makePlan(experiment, store, sources, force) };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** What a run would do now. */
export async function makePlan(
  experiment: Experiment,
  store: SqliteStore,
  sources: Sources,
  force?: Force,
): Promise<Plan> {
  const digests = await sources(sourcePaths(experiment));
  const lookup = (path: string): Digest | undefined => digests.get(path);
  return plan(experiment, kinds, store, lookup, force === undefined ? {} : { force });
}

function sourcePaths(experiment: Experiment): readonly string[] {
  const paths = new Set<string>();
  for (const { kind, params } of experiment.stages) {
    const found = kindsByName.get(kind);
    for (const path of found?.sources?.(params) ?? []) paths.add(path);
  }
  return [...paths];
}
