import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stream } from '../../src/data/random.ts';
import type { Event } from '../../src/run/event.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { removeTree } from '../../src/store/tree.ts';
import { openRig, type Rig } from '../cli/rig.ts';

const IMAGES = 1200;
const run = ['run', 'labels.yaml', '--jobs', '1', '--threads', '1', '--json'];

let rig: Rig;
beforeAll(() => {
  rig = openRig();
  rig.write(
    'labels.yaml',
    `name: labels
stages:
  pairs: { kind: world, make: pairs, seed: 1, images: 64 }
  captions: { kind: world, make: captions, seed: 2, images: ${IMAGES} }
  encoder: { kind: train-encoder, data: pairs.data, words: pairs.words, family: clip, steps: 2, batchSize: 16 }
  labels: { kind: extract-labels, encoder: encoder, data: captions.data, words: pairs.words, imagesPerShard: 20, batchSize: 4 }
`,
  );
});
afterAll(() => rig.close());

/** Content of the labels: a digest over the bytes of every shard and the manifest. */
function digest(): string | undefined {
  const store = openStore(join(rig.folder, 'cache'));
  try {
    return [...store.entries()].find(({ stage }) => stage === 'labels')?.outputs['labels'];
  } finally {
    store.close();
  }
}

/** Runs, and kills the run once `more` images were labelled. Images labelled by then before this run, and in all. */
async function killedAfter(more: number): Promise<Readonly<{ code: number | null; before: number; done: number }>> {
  const child = rig.start(run);
  const closed = once(child, 'close');
  let before: number | undefined;
  let done = 0;
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const event = JSON.parse(line) as Event;
    if (event.type !== 'progress' || event.stage !== 'labels') continue;
    before ??= event.step;
    done = event.step;
    if (done >= before + more) child.kill('SIGKILL');
  }
  const [code] = (await closed) as [number | null];
  return { code, before: before ?? 0, done };
}

it('an extraction that is killed ten times goes on each time and ends with the same bytes', async () => {
  expect((await rig.sea(...run)).code).toBe(0);
  const undisturbed = digest();
  expect(undisturbed).toBeDefined();
  const random = stream(10, 'kill labels');
  let kills = 0;
  let resumed = 0;
  while (kills < 10) {
    removeTree(join(rig.folder, 'cache'));
    for (let code: number | null = null; code !== 0; ) {
      const ended = await killedAfter(kills < 10 ? 20 + random.int(200) : Number.POSITIVE_INFINITY);
      code = ended.code;
      if (code !== 0) {
        expect(code).toBeNull();
        kills++;
      }
      if (ended.before > 20) resumed++;
    }
    expect(digest()).toBe(undisturbed);
  }
  expect(resumed).toBeGreaterThan(5); // kills that hit nothing would prove nothing
});
