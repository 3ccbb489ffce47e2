import { dirname } from 'node:path';
import { readProcess } from '../job/folder.ts';
import { residentBytes } from '../process.ts';
import type { RunningStage, Sight } from '../ui/view.ts';

/** Memory and engine of the process that a running stage has of its own; light stages run in this one and have none. */
export function sightOf({ log }: Pick<RunningStage, 'log'>): Sight {
  const found = readProcess(dirname(log));
  if (found === undefined) return {};
  const memory = residentBytes(found.pid);
  return {
    ...(memory === undefined ? {} : { memory }),
    ...(found.engine === undefined ? {} : { engine: found.engine }),
  };
}
