import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readExperiment } from '../../src/cli/experiment.ts';
import { billOf } from '../../src/cost/bill.ts';
import { devices } from '../../src/cost/device.ts';
import { paceOf, runsOf } from '../../src/cost/measured.ts';
import { priceStages } from '../../src/cost/price.ts';
import { spend } from '../../src/cost/spend.ts';
import type { Json } from '../../src/hash.ts';
import { validatorOf } from '../../src/spec/validator.ts';
import type { AnyKind } from '../../src/stages/kind.ts';
import { kinds } from '../../src/stages/kinds.ts';
import type { Entry, Key } from '../../src/store/store.ts';

const byName: ReadonlyMap<string, AnyKind> = new Map(kinds.map((kind) => [kind.kind, kind]));
const complete = (kind: AnyKind, params: Record<string, unknown>): boolean => validatorOf(kind)(params);

type Left = Readonly<{ identity?: Json; inputs?: Record<string, string>; outputs?: Record<string, string> }>;

function entry(key: string, kind: string, rest: Left, seconds = 1): Entry {
  const provenance = { host: 'h', platform: 'p', node: 'n', seagraph: '0', engine: 'none', threads: 1, startedAt: '' };
  const base = {
    version: 1,
    experiment: 'e',
    stage: key,
    name: key,
    identity: {},
    inputs: {},
    outputs: {},
    metrics: {},
  };
  return { key: key as Key, kind, ...base, ...rest, provenance: { ...provenance, seconds } } as Entry;
}

/** What a small run leaves in a store, makers after what reads them. */
const left = (seconds: number): readonly Entry[] => [
  entry(
    'labels',
    'extract-labels',
    { identity: { top: 10 }, inputs: { encoder: 'E', data: 'D', words: 'W' } },
    seconds,
  ),
  entry('encoder', 'train-encoder', { inputs: { data: 'P', words: 'W' }, outputs: { encoder: 'E' } }),
  entry('pairs', 'world', { identity: { make: 'pairs' }, outputs: { data: 'P', words: 'W' } }),
  entry('captions', 'world', { identity: { make: 'captions' }, outputs: { data: 'D' } }),
];

test('the work of an earlier run is told from what the store kept of it and of what made its inputs', async () => {
  const runs = await runsOf(left(30), byName, complete);
  const labels = runs.find(({ kind }) => kind === 'extract-labels');
  expect(labels?.seconds).toBe(30);
  // 4000 pictures of 64 patches against 328 words, and the tower besides
  expect(labels?.work.flops).toBeGreaterThan(2 * 4000 * 64 * 328 * 48);
});

test('runs that say too little are left out: one without its inputs, one of an unknown kind, one whose parameters are not valid', async () => {
  const [labels] = left(30);
  const odd = [labels as Entry, entry('x', 'retired', {}), entry('y', 'features', { identity: { layer: 'last' } })];
  expect(await runsOf(odd, byName, complete)).toEqual([]);
});

test('a kind is as slow as the middle of its runs, without the one that is foretold', async () => {
  const work = (await runsOf(left(1), byName, complete)).find(({ kind }) => kind === 'extract-labels')?.work;
  if (work === undefined) throw new Error('labels have no price');
  const reckoned = spend(work, devices.cpu).seconds;
  const runs = [3, 1, 100].map((times, i) => ({
    key: `k${i}`,
    kind: 'extract-labels',
    work,
    seconds: times * reckoned,
  }));
  expect(paceOf(runs, 'extract-labels', devices.cpu)).toEqual({ factor: 3, runs: 3 });
  expect(paceOf(runs, 'extract-labels', devices.cpu, 'k2')).toEqual({ factor: 2, runs: 2 });
  expect(paceOf(runs, 'features', devices.cpu)).toBeUndefined();
});

test('fifty million patches against 41,242 words are planned from the rate that was measured', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'sea-cost-')), 'labels.yaml');
  const config = resolve('experiments/paper/configs/clip-vit-large-patch14-336.json');
  writeFileSync(
    file,
    `
name: fifty-million
stages:
  clip: { kind: checkpoint, type: encoder, path: none, config: ${config} }
  images: { kind: dataset, chat: none.json, images: none, expected: { records: 86806, images: 86806, tokens: 18, targets: 15 } }
  words: { kind: words, file: none.txt, expected: { words: 41242 } }
  labels: { kind: extract-labels, encoder: clip, data: images, words: words }
`,
  );
  const experiment = await readExperiment(file);
  if (!experiment.ok) throw new Error(JSON.stringify(experiment.problems));
  const { stages, cells } = experiment.value;
  const text = (path: string): string | undefined => (path === config ? readFileSync(path, 'utf8') : undefined);
  const priced = await priceStages(stages, byName, () => ({ text }));
  const plan = async (took: number) =>
    billOf(stages, cells, priced, () => ({ runs: true }), devices.cpu, await runsOf(left(took), byName, complete));
  const bills = await Promise.all([30, 10].map(plan));
  const [slow, fast] = bills.map(({ items }) => items.find(({ stage }) => stage.name === 'labels'));
  expect((fast?.patches ?? 0) / 50e6).toBeCloseTo(1, 4);
  expect(fast?.work?.flops).toBeGreaterThan(2 * 50e6 * 768 * 41_242);
  expect((slow?.spent?.seconds ?? 0) / (fast?.spent?.seconds ?? 1)).toBeCloseTo(3, 9);
});
