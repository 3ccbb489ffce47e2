import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { machineOf } from '../../src/cli/pace.ts';
import type { Pace } from '../../src/executors/pace.ts';
import { keepPace } from '../../src/store/paces.ts';
import { openRig, type Rig } from './rig.ts';

const cores = availableParallelism();
const machine = machineOf();

let rig: Rig;
beforeEach(() => {
  rig = openRig();
});
afterEach(() => rig.close());

const tiny = `
name: tiny
stages:
  corpus: { kind: world, make: corpus, seed: 1, documents: 60, heldOut: 2 }
  language: { kind: train-language-model, corpus: corpus.corpus, family: gemma, hidden: 16, layers: 1, heads: 2, headDim: 8, intermediate: 16, steps: 2, batchSize: 2 }
`;

test.skipIf(machine === undefined)(
  'a run gives one stage all threads where that was measured to be faster, unless jobs are stated; the doctor tells',
  async () => {
    rig.write('tiny.yaml', tiny);
    const pace: Pace = {
      engine: 'tensorflow',
      together: { stages: Math.min(4, cores), threads: 1, rate: 10 },
      alone: { stages: 1, threads: cores, rate: 12 },
    };
    await rig.sea('plan', 'tiny.yaml'); // makes the cache
    keepPace(join(rig.folder, 'cache'), machine as string, pace);
    const { code, out, err } = await rig.sea('run', 'tiny.yaml');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`, ${cores} threads x 1 job\n`);
    const stated = await rig.sea('run', 'tiny.yaml', '--force', 'language', '--jobs', String(cores));
    expect(stated.out).toContain(`, 1 thread x ${cores} jobs\n`);
    const { out: told } = await rig.sea('doctor');
    expect(told).toContain(`1 at once with ${cores} threads (12.0 training steps/s) rather than `);
  },
  240_000,
);
