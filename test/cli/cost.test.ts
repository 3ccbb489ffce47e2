import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ablation, expectDocumented, openRig, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(() => {
  rig = openRig();
  rig.write('a.yaml', ablation);
});
afterAll(() => rig.close());

const paper = resolve('experiments/paper/labels.yaml');

test('an experiment whose files are missing is priced, and what was assumed is told', async () => {
  const { code, out, err } = await rig.sea('plan', paper, '--cost', '--device', 'h800x8');
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/^extract-labels +2 +7\.01e17 +119 GB +31 GB +\S+ GB +\d+ m \d\d s$/m);
  expect(out).toMatch(/^each row alone: .* sharing saves 2 stages and /m);
  expect(out).toContain('clip: the shapes in clip-vit-large-patch14-336.json');
  expect(out).toContain('captions: 595,375 conversations, 595,375 pictures, ');
  expect(out).toMatch(/^labels\[CLIP-L\]: 342\.9 million patches, [\d,]+ a second$/m);
});

test('as JSON it is what is documented, stage by stage', async () => {
  const { out } = await rig.sea('plan', paper, '--cost', '--device', 'h200', '--json');
  const told = JSON.parse(out) as { stages: readonly { stage: string; flops?: number; seconds?: number }[] };
  expectDocumented('plan-cost', told);
  expect(told.stages.map(({ stage }) => stage)).toContain('labels[SigLIP-SO]');
  expect(told.stages.filter(({ flops, seconds }) => flops === undefined || seconds === undefined)).toEqual([]);
});

test('stages whose work cannot be known are counted apart', async () => {
  const { code, out } = await rig.sea('plan', 'a.yaml', '--cost');
  expect(code).toBe(0);
  expect(out).toContain('not known: 7 stages (command): programs of your own');
});

test('a configuration that is none is one clear mistake', async () => {
  rig.write('config.json', '{ "model_type": ');
  rig.write(
    'broken.yaml',
    'name: broken\nstages:\n  model: { kind: checkpoint, type: encoder, path: nowhere, config: config.json }\n',
  );
  const { code, err } = await rig.sea('plan', 'broken.yaml', '--cost');
  expect(code).toBe(2);
  expect(err).toMatch(/config\.json is not JSON/);
  expect(err).not.toMatch(/at .*\.js:/);
});

test('a device without a price to reckon is a mistake, and so is an unknown one', async () => {
  const lone = await rig.sea('plan', 'a.yaml', '--device', 'h200');
  expect([lone.code, lone.err]).toEqual([2, expect.stringContaining('--cost')]);
  const unknown = await rig.sea('plan', 'a.yaml', '--cost', '--device', 'abacus');
  expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('h800x8')]);
});
