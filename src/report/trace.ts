import type { Estimate } from '../plan/step.ts';
import type { StageSpec } from '../spec/experiment.ts';
import type { Entry } from '../store/store.ts';
import type { Readings, Table } from './table.ts';

/** Walks from stages up to the roots: how numbers were made, and what making them again takes. */
export type Trace = Readonly<{
  /** distinct engines and commits among these stages and all above them */
  made(ids: readonly string[]): Readonly<{ engines: readonly string[]; commits: readonly string[] }>;
  /** seconds of what must run before these stages are up to date */
  rerun(ids: readonly string[]): Estimate;
  total(ids: readonly string[]): Table['made'];
}>;

export function openTrace(stages: readonly StageSpec[], readings: Readings): Trace {
  const specs = new Map(stages.map((stage) => [stage.id, stage]));
  const above = (start: readonly string[], enters: (id: string) => boolean): readonly string[] => {
    const seen = new Set<string>();
    const open = [...start];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (seen.has(id) || !enters(id)) continue;
      seen.add(id);
      for (const ref of Object.values(specs.get(id)?.inputs ?? {})) open.push(ref.stage);
    }
    return [...seen];
  };
  const all = () => true;
  const found = (ids: readonly string[]) =>
    ids.flatMap((id) => {
      const reading = readings.get(id);
      return reading !== undefined && 'entry' in reading ? [reading] : [];
    });
  return {
    made: (ids) => howMade(found(above(ids, all)).map((reading) => reading.entry)),
    // what is up to date needs nothing above it
    rerun: (ids) => sumCost(above(ids, (id) => readings.get(id)?.run !== undefined).map((id) => readings.get(id)?.run)),
    total(ids) {
      const reached = above(ids, all);
      const fresh = found(reached).flatMap(({ state, entry }) => (state === 'measured' ? [entry] : []));
      const distinct = [...new Map(fresh.map((entry) => [entry.key, entry])).values()];
      return {
        stages: reached.length,
        measured: fresh.length,
        seconds: distinct.reduce((sum, entry) => sum + entry.provenance.seconds, 0),
        ...howMade(fresh),
      };
    },
  };
}

function sumCost(runs: readonly (Readonly<{ seconds?: number }> | undefined)[]): Estimate {
  const known = runs.flatMap((run) => run?.seconds ?? []);
  return { seconds: known.reduce((sum, seconds) => sum + seconds, 0), unknown: runs.length - known.length };
}

function howMade(entries: readonly Entry[]): Readonly<{ engines: readonly string[]; commits: readonly string[] }> {
  const engines = new Set(entries.map((entry) => entry.provenance.engine));
  engines.delete('none');
  const commits = new Set(entries.flatMap((entry) => entry.provenance.commit ?? []));
  return { engines: [...engines].sort(), commits: [...commits].sort() };
}
