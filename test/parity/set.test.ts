import { test } from 'vitest';
import { casesLeftOut, foldersHolding, foldersWith, goldenRoot } from './golden.ts';

/** The kinds of cases that the tests of this folder compare. */
const kinds = [
  ...['decode', 'preprocess', 'tokenize', 'vision', 'vision-only', 'text', 'similarity', 's2'],
  ...['lm', 'gradients', 'generate', 'batch', 'llava', 'llava_generate', 'llava_batch'],
  ...['sea', 'sea_end_to_end', 'adamw'],
];

test('the set has something to compare, and what is left out of it is told', () => {
  if (foldersWith(...kinds).length === 0) throw new Error(`${goldenRoot} has no folder with cases (GOLDEN_DIR)`);
  for (const name of foldersHolding('cases.json')) {
    const left = casesLeftOut(name, kinds);
    if (left.length > 0) process.stdout.write(`${name}: not compared: ${left.join(', ')}\n`);
  }
});
