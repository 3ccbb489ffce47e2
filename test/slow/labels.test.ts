import { once } from 'node:events';
import { cpSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stream } from '../../src/data/random.ts';
import type { Event } from '../../src/run/event.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { removeTree } from '../../src/store/tree.ts';
import { openRig, type Rig } from '../cli/rig.ts';

const IMAGES = 1200;
const run = ['run', 'labels.yaml', '--jobs', '1', '--threads', '1', '--json'];

let rig: Rig;
beforeAll(async () => {
  rig = openRig();
  rig.write(
    'inputs.yaml',
    `name: inputs
stages:
  pairs: { kind: world, make: pairs, seed: 1, images: 64 }
  captions: { kind: world, make: captions, seed: 2, images: ${IMAGES} }
  encoder: { kind: train-encoder, data: pairs.data, words: pairs.words, family: clip, steps: 2, batchSize: 16 }
`,
  );
  expect((await rig.sea('run', 'inputs.yaml', '--cache', 'inputs')).code).toBe(0);
  const made = outputs('inputs');
  // made once, so that the labels alone are what may differ
  rig.write(
    'labels.yaml',
    `name: labels
stages:
  encoder: { kind: checkpoint, type: encoder, path: ${made('encoder')} }
  captions: { kind: dataset, chat: ${made('captions', 'data')}/chat.json, images: ${made('captions', 'data')}/images }
  words: { kind: words, file: ${made('pairs', 'words')} }
  labels: { kind: extract-labels, encoder: encoder, data: captions, words: words, imagesPerShard: 4, batchSize: 4 }
`,
  );
}, 600_000);
afterAll(() => rig.close());

/** Where a stage's output lies in a cache. */
function outputs(cache: string): (stage: string, port?: string) => string {
  const store = openStore(join(rig.folder, cache), 'write');
  const entries = [...store.entries()];
  const folders = entries.map(({ stage, outputs: ports }) => [stage, ports] as const);
  store.close();
  return (stage, port = stage) => {
    const digest = folders.find(([name]) => name === stage)?.[1][port];
    if (digest === undefined) throw new Error(`${stage} left no ${port} in ${cache}`);
    return store.path(digest);
  };
}

/** Hash of every file of the labels. */
function labelFiles(): Readonly<Record<string, string>> {
  const store = openStore(join(rig.folder, 'cache'), 'write');
  try {
    const digest = [...store.entries()].find(({ stage }) => stage === 'labels')?.outputs['labels'];
    const files = digest === undefined ? undefined : store.manifest(digest);
    if (files === undefined) throw new Error('there are no labels');
    return Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256]));
  } finally {
    store.close();
  }
}

/** Runs, and kills the run a moment after `more` images were labelled. Images labelled before this run, and in all. */
async function killedAfter(
  more: number,
  moment: number,
): Promise<Readonly<{ code: number | null; before: number; done: number }>> {
  const child = rig.start(run);
  const closed = once(child, 'close');
  let before: number | undefined;
  let done = 0;
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const event = JSON.parse(line) as Event;
    if (event.type !== 'progress' || event.stage !== 'labels') continue;
    before ??= event.step;
    done = event.step;
    if (done >= before + more) void pause(moment).then(() => child.kill('SIGKILL'));
  }
  const [code] = (await closed) as [number | null];
  return { code, before: before ?? 0, done };
}

it('an extraction that is killed ten times goes on each time and ends with the same bytes', async () => {
  expect((await rig.sea(...run)).code).toBe(0);
  const undisturbed = labelFiles();
  expect(Object.keys(undisturbed)).toHaveLength(IMAGES / 4 + 1);
  const keep = join(tmpdir(), `sea-labels-${process.pid}`);
  cpSync(outputs('cache')('labels'), join(keep, 'undisturbed'), { recursive: true });
  const random = stream(10, 'kill labels');
  let kills = 0;
  let resumed = 0;
  while (kills < 10) {
    removeTree(join(rig.folder, 'cache'));
    for (let code: number | null = null; code !== 0; ) {
      const more = kills < 10 ? 20 + random.int(200) : Number.POSITIVE_INFINITY;
      const ended = await killedAfter(more, random.int(100));
      code = ended.code;
      if (code !== 0) {
        expect(code).toBeNull();
        kills++;
      }
      if (ended.before > 20) resumed++;
    }
    const files = labelFiles();
    try {
      expect(files).toEqual(undisturbed);
    } catch (error) {
      cpSync(outputs('cache')('labels'), join(keep, 'killed'), { recursive: true });
      throw new Error(`both are kept in ${keep}: ${readdirSync(keep).join(', ')}`, { cause: error });
    }
  }
  expect(resumed).toBeGreaterThan(5); // kills that hit nothing would prove nothing
  removeTree(keep);
});
