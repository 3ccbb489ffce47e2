import { readFileSync } from 'node:fs';
import type { Problem } from '../problem.ts';
import { frames } from '../spec/frame.ts';
import type { Output } from './output.ts';

/** Prints problems with the lines they stand in, on stderr. */
export function printProblems(problems: readonly Problem[], output: Output): void {
  output.err(frames(problems, { color: output.errStyle === 'colour', source: readSource }));
}

/** A file that cannot be read is a problem that was told already; here its line is just not shown. */
export function readSource(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
