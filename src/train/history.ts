import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What every step measured, kept beside the training state so that a resumed run reports the same means. */
export interface History {
  add(step: number, values: Readonly<Record<string, number>>): void;
  /** the mean of each value over the last fifth of `steps` steps */
  lastFifth(steps: number): Readonly<Record<string, number>>;
}

const FILE = 'steps.jsonl';

type Line = Readonly<{ step: number; values: Readonly<Record<string, number>> }>;

/** Opens the history in a scratch folder; a line that a killed run left unfinished is dropped. */
export function openHistory(folder: string): History {
  const file = join(folder, FILE);
  mkdirSync(folder, { recursive: true });
  // a step that runs again after a restart measures the same; the later line stands
  const steps = new Map(read(file).map(({ step, values }) => [step, values]));
  writeFileSync(file, [...steps].map(([step, values]) => text({ step, values })).join(''));
  return {
    add(step, values) {
      steps.set(step, values);
      appendFileSync(file, text({ step, values }));
    },
    lastFifth(count) {
      const last = Array.from({ length: Math.max(1, Math.floor(count / 5)) }, (_, i) => steps.get(count - 1 - i));
      const found = last.filter((values) => values !== undefined);
      if (found.length < last.length) throw new Error(`${file} has ${found.length} of the last ${last.length} steps`);
      const names = Object.keys(found[0] ?? {});
      const mean = (name: string): number => found.reduce((sum, values) => sum + (values[name] ?? 0), 0) / found.length;
      return Object.fromEntries(names.map((name) => [name, mean(name)]));
    },
  };
}

const text = (line: Line): string => `${JSON.stringify(line)}\n`;

function read(file: string): readonly Line[] {
  let lines: readonly string[];
  try {
    lines = readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return lines.flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Line];
    } catch {
      return [];
    }
  });
}
