import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { linkedEngine } from '../../src/setup/link.mjs';

const script = resolve('test/bench/training-sea.mjs');

/** Losses of some captured steps of a tiny encoder in a process of its own. */
function losses(sideBySide: number): readonly number[] {
  const env = {
    ...process.env,
    SEA_ENGINE: 'node',
    TF_NUM_INTRAOP_THREADS: '1',
    TF_NUM_INTEROP_THREADS: String(sideBySide),
  };
  const task = { name: 'encoder', mode: 'captured', steps: 8, warm: 1, smoke: true };
  const text = execFileSync(process.execPath, [script, JSON.stringify(task)], { env, encoding: 'utf8', stdio: 'pipe' });
  return (JSON.parse(text) as { losses: number[] }).losses;
}

test.skipIf(linkedEngine() === undefined)(
  'a captured step gives the same bits however many operations run side by side',
  () => {
    const alone = losses(1);
    expect(alone).toHaveLength(9);
    expect(losses(2)).toEqual(alone);
  },
  120_000,
);
