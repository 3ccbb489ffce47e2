import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BAD_QUESTIONS, BAD_RECORDS, BAD_WORDS, writeOwnFolder } from '../stages/own-folder.ts';
import { openRig, type Rig } from './rig.ts';

/** experiments/own-data.yaml itself, with less of everything. */
const SMALL = `
name: small
extends: own-data.yaml
stages:
  pairs: { images: 24 }
  corpus: { documents: 40, heldOut: 1 }
  encoder: { steps: 2, batchSize: 8, vision: { hidden: 32, intermediate: 32 }, text: { hidden: 32, intermediate: 32 }, projection: 16 }
  language: { hidden: 32, layers: 1, kvHeads: 1, headDim: 8, intermediate: 32, symbols: 200, steps: 2, batchSize: 4 }
  labels: { top: 3 }
  pretrain: { steps: 2, batchSize: 2 }
  finetune: { steps: 2, batchSize: 2 }
  ask: { maxNewTokens: 3 }
`;
const SKIPPING = `
name: skipping
extends: small.yaml
stages: { own: { onBadItem: skip }, ownWords: { onBadItem: skip }, ownQuestions: { onBadItem: skip } }
`;

let rig: Rig;
beforeAll(() => {
  rig = openRig();
  for (const name of ['mini.yaml', 'own-data.yaml']) copyFileSync(join('experiments', name), join(rig.folder, name));
  rig.write('small.yaml', SMALL);
  rig.write('skipping.yaml', SKIPPING);
});
afterAll(() => rig.close());
vi.setConfig({ testTimeout: 90_000 });

const file = (name: string): string => join(rig.folder, 'own-data', name);
const run = (name: string) => rig.seaWith({ SEA_CAPTURE: 'off' }, 'run', name);

test('before the folder is there, every stage that reads it is told with its place', async () => {
  for (const command of ['validate', 'run']) {
    const { code, out, err } = await rig.sea(command, 'own-data.yaml');
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(
      /own-data\.yaml:\d+:3 {2}source-missing {2}stage own reads .*chat\.json and .*images, which are not there/,
    );
    expect(err).toMatch(/stage ownWords reads .*words\.txt, which is not there/);
    expect(err).toMatch(/stage ownQuestions reads .*questions\.jsonl and .*images, which are not there/);
    expect(err).toContain('own: { kind: dataset, chat: own-data/chat.json');
    expect(err).toContain('3 problems');
  }
});

test('every item that cannot be used is named, and nothing is trained on the rest', async () => {
  await writeOwnFolder(join(rig.folder, 'own-data'), 3);
  expect((await rig.sea('validate', 'own-data.yaml')).code).toBe(0);
  const { code, out } = await run('small.yaml');
  expect(code).toBe(1);
  for (const [name, line, about] of [...BAD_RECORDS, ...BAD_WORDS, ...BAD_QUESTIONS]) {
    const named = out.split('\n').filter((text) => text.includes(`${file(name)}:${line}:1: `));
    expect(named, out).toHaveLength(1);
    expect(named[0]).toContain(about);
  }
  expect(out).toContain('⊘ finetune[+SEA]  not run: own failed');
});

test('left out, they are named in the log, and the rest goes through both stages to a table', async () => {
  const { code, out, err } = await run('skipping.yaml');
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out).toMatch(/^Baseline +\d+\.\d/m);
  expect(out).toMatch(/^\+SEA +\d+\.\d.* [+-]?\d+\.\d/m);
  for (const [stage, bad] of [
    ['own', BAD_RECORDS],
    ['ownWords', BAD_WORDS],
    ['ownQuestions', BAD_QUESTIONS],
  ] as const) {
    const shown = (await rig.sea('show', stage, 'skipping.yaml')).out;
    for (const [name, line, about] of bad) {
      expect(shown).toContain(`left out: ${file(name)}:${line}:1: `);
      expect(shown).toContain(about);
    }
  }
  // these steps ran eagerly, which is told with every number they made
  const made = JSON.parse((await rig.sea('ls', '--json')).out) as { entries: { kind: string; engine: string }[] };
  const engines = made.entries.filter(({ kind }) => kind === 'pretrain').map(({ engine }) => engine);
  expect(engines.length).toBeGreaterThan(0);
  for (const engine of engines) expect(engine).toMatch(/^(tensorflow .*, eager|wasm .*)$/);
  expect((await run('skipping.yaml')).out).toMatch(/complete: 0 run, \d+ reused/);
});
