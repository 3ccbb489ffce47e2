import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readExperiment } from '../../src/cli/experiment.ts';
import { type Bill, billOf } from '../../src/cost/bill.ts';
import { devices } from '../../src/cost/device.ts';
import { priceStages } from '../../src/cost/price.ts';
import { kinds } from '../../src/stages/kinds.ts';

async function billed(file: string): Promise<Bill & { hours(row: string): number }> {
  const experiment = await readExperiment(file);
  if (!experiment.ok) throw new Error(JSON.stringify(experiment.problems));
  const { stages, cells } = experiment.value;
  const text = (path: string): string | undefined =>
    path.includes('configs') ? readFileSync(path, 'utf8') : undefined;
  const priced = await priceStages(stages, new Map(kinds.map((kind) => [kind.kind, kind])), () => ({ text }));
  const bill = billOf(stages, cells, priced, () => ({ runs: true }), devices.h800x8, []);
  const seconds = new Map(bill.items.map(({ stage, spent }) => [stage.id, spent?.seconds]));
  const training = ['labels', 'captionFeatures', 'pretrain', 'finetune'];
  const hours = (row: string): number => {
    const cell = cells.find((one) => one.row === row);
    if (cell === undefined) throw new Error(`no row ${row} in ${file}`);
    return training.reduce((sum, name) => sum + (seconds.get(cell.stages[name] ?? '') ?? 0), 0) / 3600;
  };
  return { ...bill, hours };
}

const table2 = await billed('experiments/paper/table2.yaml');

test('every stage of the paper is priced, though no checkpoint is here', () => {
  expect(
    table2.items.filter(({ work }) => !(work !== undefined && work.flops >= 0)).map(({ stage }) => stage.id),
  ).toEqual([]);
  expect(table2.items.filter(({ spent }) => !(spent !== undefined && spent.seconds > 0 && spent.memory >= 0))).toEqual(
    [],
  );
});

test.each(['Vicuna-7B', 'Phi3-3.8B', 'Llama3-8B', 'Vicuna-13B', 'SigLIP-SO', 'S2-Wrapper'])(
  'training with %s takes 6 to 10 hours on 8 x H800 within a factor of two (section 5.1)',
  (name) => {
    const hours = table2.hours(`LLaVA, ${name}`);
    expect(hours).toBeGreaterThan(6 / 2);
    expect(hours).toBeLessThan(10 * 2);
  },
);

test('only the 2B model is reckoned faster than that: it multiplies a third of what the 7B model does', () => {
  expect(table2.hours('LLaVA, Gemma-2B') / table2.hours('LLaVA, Vicuna-7B')).toBeGreaterThan(1 / 3);
  expect(table2.hours('LLaVA, Gemma-2B')).toBeLessThan(3);
});

test.each(['Gemma-2B', 'Phi3-3.8B', 'Llama3-8B', 'Vicuna-13B', 'SigLIP-SO'])(
  'SEA adds 10 to 20 minutes to stage 1 of %s within a factor of two (section 5.1)',
  (name) => {
    const minutes = 60 * (table2.hours(`+SEA, ${name}`) - table2.hours(`LLaVA, ${name}`));
    expect(minutes).toBeGreaterThan(5);
    expect(minutes).toBeLessThan(40);
  },
);

test('SEA-PRIME trains in less than four days within a factor of two, whichever language model it has', async () => {
  const prime = await billed('experiments/paper/prime.yaml');
  for (const { row } of prime.rows) expect(prime.hours(row), row).toBeLessThan(4 * 24 * 2);
  expect(prime.hours('SEA-PRIME, Llama3-8B')).toBeLessThan(4 * 24);
});

test('rows share encoders, features, labels and files', () => {
  expect(table2.unshared.seconds).toBeGreaterThan(table2.whole.seconds);
  const sums = table2.rows.map(({ sum }) => sum.seconds);
  expect(table2.unshared.seconds).toBeCloseTo(sums.reduce((a, b) => a + b, 0));
  expect(table2.items.filter(({ stage }) => stage.name === 'captionFeatures')).toHaveLength(3);
});
