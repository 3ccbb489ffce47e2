import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ablation, expectDocumented, openRig, type Rig } from './rig.ts';

const figures = `
figures:
  - { name: bars, mark: bars, show: [Acc] }
  - { name: rates, mark: bars, title: The loss, columns: [{ stage: score, metric: loss, label: Loss }], baseline: Baseline }
`;

let rig: Rig;
beforeAll(async () => {
  rig = openRig();
  rig.write('a.yaml', `${ablation}${figures}`);
  rig.write('bare.yaml', ablation);
  expect((await rig.sea('run', 'a.yaml')).code).toBe(0);
});
afterAll(() => rig.close());

describe('sea figure', () => {
  test('draws every figure of an experiment in lines of text', async () => {
    const { code, out, err } = await rig.sea('figure', 'a.yaml');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^bars\nAcc$/m);
    expect(out).toMatch(/^ {2}\+SEA {7}━+● +52\.5$/m);
    expect(out).toMatch(/^The loss\nLoss, difference to Baseline$/m);
  });

  test('is printed as documented, all or one by its name', async () => {
    const all = JSON.parse((await rig.sea('figure', 'a.yaml', '--json')).out) as { figures: readonly object[] };
    expectDocumented('figure', all);
    const one = JSON.parse((await rig.sea('figure', 'a.yaml', 'rates', '--json')).out) as {
      figures: readonly object[];
    };
    expect([all.figures.length, one.figures]).toEqual([2, [all.figures[1]]]);
  });

  test('writes one as SVG and PNG', async () => {
    const { code, out } = await rig.sea('figure', 'a.yaml', 'bars', '--svg', 'bars.svg', '--png', 'bars.PNG');
    expect([code, out]).toEqual([0, 'bars.svg\nbars.PNG\n']);
    expect(readFileSync(join(rig.folder, 'bars.PNG')).toString('latin1', 1, 4)).toBe('PNG');
    expect(readFileSync(join(rig.folder, 'bars.svg'), 'utf8')).toMatch(/^<svg [\s\S]*>52\.5<\/text>[\s\S]*<\/svg>\n$/);
  });

  test.each([
    ['figure', 'a.yaml', 'bars'],
    ['labels', 'labels'],
    ['recall', '--model', 'finetune', '--image', 'cat.jpg'],
  ])('%s writes no format into a file that is named as another', async (...args) => {
    const svg = await rig.sea(...args, '--svg', 'x.png');
    expect([svg.code, svg.err]).toEqual([
      2,
      expect.stringContaining('--svg writes SVG: name the file *.svg, or say --png x.png'),
    ]);
    expect((await rig.sea(...args, '--png', 'x.jpeg')).err).toContain('--png writes PNG: name the file *.png.');
    expect(existsSync(join(rig.folder, 'x.png'))).toBe(false);
  });

  test.each([
    [['a.yaml', 'bras'], 'did you mean "bars"?'],
    [['a.yaml', '--svg', 'x.svg'], 'name one: bars, rates'],
    [['bare.yaml'], 'declares no figure'],
    [['a.yaml', 'bars', '--svg', 'nowhere/x.svg'], 'cannot write nowhere/x.svg'],
  ])('of %j says what is meant', async (args, hint) => {
    const { code, err } = await rig.sea('figure', ...args);
    expect(code).toBe(2);
    expect(err).toContain(hint);
  });
});
