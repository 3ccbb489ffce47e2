import { existsSync, readFileSync } from 'node:fs';
import { type Problem, ProblemError, type Result } from '../problem.ts';
import type { Experiment } from '../spec/experiment.ts';
import { kinds } from '../stages/kinds.ts';
import { narrow, unknownStages } from './narrow.ts';
import { type ReadText, remembered } from './remembered.ts';

/** Reads and checks an experiment file, or says all that is wrong with it. */
export async function readExperiment(file: string, read: ReadText = readText): Promise<Result<Experiment>> {
  const { loadExperiment } = await import('../spec/load.ts');
  return loadExperiment(file, kinds, read);
}

/** The experiment, or a ProblemError with everything that is wrong with its file. */
export async function openExperiment(file: string, cache: string): Promise<Experiment> {
  const result = await remembered(file, cache, readText, (read) => readExperiment(file, read));
  if (!result.ok) throw new ProblemError(...result.problems);
  return result.value;
}

/** Files and folders outside the store that stages read and that are not there: to mend before anything starts. */
export function missingSources({ stages }: Experiment): readonly Problem[] {
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
  const known = new Map<string, boolean>(); // many stages may read one file
  const isThere = (path: string): boolean => {
    const found = known.get(path) ?? existsSync(path);
    known.set(path, found);
    return found;
  };
  return stages.flatMap(({ id, kind, params, at }) => {
    const missing = (byName.get(kind)?.sources?.(params) ?? []).filter((path) => !isThere(path));
    if (missing.length === 0) return [];
    const are = missing.length === 1 ? 'is' : 'are';
    return [
      { code: 'source-missing', message: `stage ${id} reads ${missing.join(' and ')}, which ${are} not there`, at },
    ];
  });
}

/** Options of commands that work on a part of an experiment. */
export type PartOptions = Readonly<{ row?: readonly string[]; stage?: readonly string[]; force?: readonly string[] }>;

/** The part of an experiment that the options name; names that match nothing are mistakes. */
export async function openPart(
  file: string,
  cache: string,
  { row = [], stage = [], force = [] }: PartOptions,
): Promise<Experiment> {
  const whole = await openExperiment(file, cache);
  const part = narrow(whole, { rows: row, stages: stage });
  if (!part.ok) throw new ProblemError(...part.problems);
  const problems = unknownStages(whole, force);
  if (problems.length > 0) throw new ProblemError(...problems);
  return part.value;
}

/** undefined: there is no such file. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ProblemError({ code: 'unreadable', message: `${path} cannot be read: ${(error as Error).message}` });
  }
}
