import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isFasterAlone, measurePace } from '../../src/executors/pace.ts';
import { linkedEngine } from '../../src/setup/link.mjs';
import { keepPace, readPace } from '../../src/store/paces.ts';

const fixture = fileURLToPath(new URL('./fixtures/pace.mjs', import.meta.url));
const four = { together: { stages: 3, threads: 1 }, alone: { stages: 1, threads: 3 } };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sea-pace-'));
  process.env['PACE_LOG'] = join(folder, 'log');
});
afterEach(() => {
  for (const name of ['PACE_LOG', 'PACE_GAIN', 'PACE_FAILS']) delete process.env[name];
  rmSync(folder, { recursive: true, force: true });
});

/** Process, threads and operations side by side of everything that was started. */
const started = () =>
  readFileSync(join(folder, 'log'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number) as [number, number, number]);

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('how stages share a machine', () => {
  test.each([
    { gain: '0.5', alone: 10 * Math.sqrt(3), faster: false },
    { gain: '2', alone: 90, faster: true },
  ])('is decided by what both arrangements get done when threads pay to the power of $gain', async (given) => {
    process.env['PACE_GAIN'] = given.gain;
    const pace = await measurePace(fixture, four, 3);
    expect(pace).toEqual({
      engine: 'fixture',
      together: { stages: 3, threads: 1, rate: 30 },
      alone: { stages: 1, threads: 3, rate: given.alone },
    });
    expect(pace !== undefined && isFasterAlone(pace)).toBe(given.faster);
    expect(
      started()
        .map(([, threads, sideBySide]) => [threads, sideBySide])
        .sort(),
    ).toEqual([[1, 3], [1, 3], [1, 3], [3, 3]]); // biome-ignore format: pairs
  });

  test('is not known where a process that measures ends; the others are ended too', async () => {
    Object.assign(process.env, { PACE_GAIN: '1', PACE_FAILS: '3' });
    expect(await measurePace(fixture, four, 3)).toBeUndefined();
    await expect.poll(() => started().filter(([pid]) => isAlive(pid))).toEqual([]);
  });

  test('is kept for each machine, and measured anew where the file is damaged', () => {
    keepPace(folder, 'one', { speed: 1 });
    keepPace(folder, 'two', { speed: 2 });
    expect(readPace(folder, 'one')?.pace).toEqual({ speed: 1 });
    expect(readPace(folder, 'three')).toBeUndefined();
    writeFileSync(join(folder, 'paces.json'), '{"one": ');
    expect(readPace(folder, 'one')).toBeUndefined();
  });

  test.skipIf(linkedEngine() === undefined)(
    'is measured with training steps of the engine itself',
    async () => {
      const script = resolve('dist/stages/train-language-model/pace.js');
      const two = { together: { stages: 2, threads: 1 }, alone: { stages: 1, threads: 2 } };
      const pace = await measurePace(script, two, 2, 280_000);
      expect(pace?.engine).toMatch(/^tensorflow \d/);
      expect(pace?.together.rate).toBeGreaterThan(0);
      expect(pace?.alone.rate).toBeGreaterThan(0);
    },
    300_000,
  );
});
