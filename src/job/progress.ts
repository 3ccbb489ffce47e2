import { appendFileSync } from 'node:fs';
import type { Metrics } from '../stages/kind.ts';
import { jobPaths, type ProgressLine } from './folder.ts';

/** Shortest time between two writes, milliseconds: a step may take less than a write. */
const PAUSE = 100;

/** Keeps every reported step in progress.jsonl, written in batches. */
export type ProgressWriter = Readonly<{ add(step: number, of: number, values: Metrics): void; flush(): void }>;

export function progressWriter(folder: string): ProgressWriter {
  const file = jobPaths.progress(folder);
  let lines: string[] = [];
  let last = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (lines.length > 0) appendFileSync(file, lines.join(''));
    lines = [];
    last = Date.now();
  };
  return {
    add(step, of, values) {
      const line: ProgressLine = { at: Date.now(), step, of, values: finite(values) };
      lines.push(`${JSON.stringify(line)}\n`);
      if (line.at - last >= PAUSE) flush();
      else timer ??= setTimeout(flush, PAUSE).unref();
    },
    flush,
  };
}

/** JSON has no NaN: a loss that became one is left out here; the stage itself stops on it. */
function finite(values: Metrics): Metrics {
  return Object.values(values).every(Number.isFinite)
    ? values
    : Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)));
}
