import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeLabelFolder, writeTruth } from '../labels/label-folder.ts';
import { writePicture } from '../stages/pictures.ts';
import { expectDocumented, openRig, type Rig } from './rig.ts';

const WORDS = ['boat', 'sea', 'red', 'fish', 'verdict'];

let rig: Rig;
beforeAll(async () => {
  rig = openRig();
  const patch = (best: string) => [[best, 0.4] as const, ['red', 0.12] as const];
  await writeLabelFolder(join(rig.folder, 'labels'), WORDS, [2, 2], {
    '00/cat.jpg': [patch('boat'), patch('sea'), patch('fish'), patch('sea')],
    '01/dog.jpg': [patch('sea'), patch('sea'), patch('sea'), patch('sea')],
  });
  await writePicture(join(rig.folder, 'images'), '00/cat.jpg', 40, 24);
  const right = [['boat', 'sea'], ['sea'], ['sea'], ['red', 'sea']];
  writeTruth(join(rig.folder, 'truth'), 'sea', { '00/cat.jpg': right, '01/dog.jpg': right });
});
afterAll(() => rig.close());

describe('labels', () => {
  test('prints both histograms, and figures beside those of the paper', async () => {
    const { code, out, err } = await rig.sea('labels', 'labels', '--truth', 'truth');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('2 images of 2 x 2 patches, the best 2 of 5 words');
    expect(out).toMatch(/^words of the list used +80\.0 % +61\.2 %$/m);
    expect(out).toMatch(/^scores below zero +0\.0 % +32\.7 %$/m);
    expect(out).toMatch(/^truth: best word is right +87\.5 %$/m);
    expect(out).toContain('never used  1 of 5 words');
  });

  test('prints the words of a picture, found by the end of its name', async () => {
    const { code, out } = await rig.sea('labels', 'labels/manifest.json', '--image', 'cat.jpg');
    expect(code).toBe(0);
    expect(out).toMatch(/^1 +boat +sea\n +red +red$/m);
  });

  test('marks the words of a picture that are right', async () => {
    const { out } = await rig.sea('labels', 'labels', '--image', 'cat.jpg', '--truth', 'truth');
    expect(out).toMatch(/^1 +✓boat +✓sea\n +✗red +✗red$/m);
    expect(out).toContain('✓ right: 3 of 4, 75 %; of patches with a thing: 2 of 2, 100 %');
  });

  test('lays the picture behind them where there is colour, and never with NO_COLOR', async () => {
    const args = ['labels', 'labels', '--image', 'cat.jpg', '--images', 'images'];
    const coloured = await rig.seaWith({ FORCE_COLOR: '3' }, ...args);
    expect(coloured.out).toContain('▀');
    expect(coloured.out).toContain('\u001B[38;2;');
    const without = await rig.seaWith({ FORCE_COLOR: '1', NO_COLOR: '1' }, ...args);
    for (const sign of ['\u001B', '▀']) expect(without.out).not.toContain(sign);
  });

  test('draws both as SVG and PNG', async () => {
    const drawn = await rig.sea('labels', 'labels', '--svg', 'all.svg', '--png', 'all.png');
    expect(drawn.out).toMatch(/all\.svg\nall\.png\n$/);
    expect(readFileSync(join(rig.folder, 'all.svg'), 'utf8')).toContain("the paper's cluster, 0.08");
    const args = ['labels', 'labels', '--image', 'cat.jpg', '--images', 'images', '--json'];
    expect((await rig.sea(...args, '--svg', 'cat.svg', '--png', 'cat.png')).code).toBe(0);
    const svg = readFileSync(join(rig.folder, 'cat.svg'), 'utf8');
    const [, base64 = ''] = /href="data:image\/png;base64,([^"]+)"/.exec(svg) ?? [];
    expect(await sharp(Buffer.from(base64, 'base64')).metadata()).toMatchObject({ width: 40, height: 40 });
    expect((await sharp(join(rig.folder, 'cat.png')).metadata()).format).toBe('png');
  });

  test.each([
    [['labels', '--truth', 'truth'], 'as statistics'],
    [['labels', '--image', '00/cat.jpg'], 'as words of a picture'],
    [['labels', '--image', '00/cat.jpg', '--truth', 'truth'], 'as marked words of a picture'],
  ])('%j prints JSON %s that is documented', async (args) => {
    const { out, err } = await rig.sea('labels', ...args, '--json');
    expect(err).toBe('');
    expectDocumented('labels', JSON.parse(out));
  });

  test.each([
    [['labels', '--image', 'car.jpg'], 'no image "car.jpg" is labelled', 'did you mean'],
    [['labels', '--image', 'cat.jpg', '--svg', 'x.svg'], 'where the pictures of these labels lie', '--images DIR'],
    [['labels', '--svg', 'no/x.svg'], 'cannot write no/x.svg', ''],
    [['images'], 'the cache has no stage "images"', ''],
  ])('%j is a mistake that is named', async (args, message, hint) => {
    const { code, err } = await rig.sea('labels', ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err).toContain(hint);
    expect(existsSync(join(rig.folder, 'x.svg'))).toBe(false);
  });
});
