import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphicsOf, inlineImage } from '../../src/cli/inline-image.ts';
import { openEngine } from '../../src/engine/open.ts';
import { writeTruth } from '../labels/label-folder.ts';
import { writePicture } from '../stages/pictures.ts';
import { writeLanguageModel, writeModel } from '../stages/tiny-checkpoints.ts';
import { expectDocumented, openRig, type Rig } from './rig.ts';

const experiment = `
name: kept
stages:
  first: { kind: checkpoint, type: model, path: llava }
  text: { kind: checkpoint, type: language-model, path: llama }
  words: { kind: words, file: words.txt }
`;

let rig: Rig;
beforeAll(async () => {
  rig = openRig();
  await openEngine();
  await writeModel(join(rig.folder, 'llava'));
  await writeLanguageModel(join(rig.folder, 'llama'));
  await writePicture(rig.folder, 'cat.png', 40, 24);
  rig.write('words.txt', 'boat\nsea\nred\nfish\n');
  rig.write('kept.yaml', experiment);
  const right = Array.from({ length: 16 }, (_, patch) =>
    patch < 8 ? ['boat', 'sea', 'red', 'fish'] : ['sea of none'],
  );
  writeTruth(join(rig.folder, 'truth'), 'sea of none', { 'cat.png': right });
});
afterAll(() => rig.close());

const tooLong = 'a red boat on the sea '.repeat(30);
const recall = ['recall', '--model', 'llava', '--words', 'words.txt', '--image', 'cat.png'];

describe('recall', () => {
  test('prints the recalled word of every patch of a picture of the user, without colour in a pipe', async () => {
    const { code, out, err } = await rig.sea(...recall);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('4 x 4 patches, the best word of each');
    expect(out).toMatch(/^1( +(boat|sea|red|fish)){4}$/m);
    expect(out).not.toContain('\u001B');
  });

  test('marks right and wrong words where the truth is known, by signs and in numbers', async () => {
    const { out } = await rig.sea(...recall, '--truth', 'truth');
    expect(out).toMatch(/^1( +✓(boat|sea|red|fish)){4}$/m);
    expect(out).toMatch(/^4( +✗(boat|sea|red|fish)){4}$/m);
    expect(out).toContain('✓ right: 8 of 16, 50 %; of patches with a thing: 8 of 8, 100 %');
  });

  test('lays the picture behind the words where there is colour', async () => {
    const { out } = await rig.seaWith({ FORCE_COLOR: '1' }, ...recall);
    expect(out).toContain('▀');
    const plain = await rig.seaWith({ FORCE_COLOR: '1' }, ...recall, '--plain');
    expect(plain.out).not.toContain('\u001B');
  });

  test('sets two models side by side where there is room, else one below the other', async () => {
    const wide = await rig.seaWith({ COLUMNS: '120' }, ...recall, '--against', 'llava');
    expect(wide.out).toMatch(/^1( +\w+){4} +1( +\w+){4}$/m);
    const narrow = await rig.seaWith({ COLUMNS: '60' }, ...recall, '--against', 'llava');
    expect(narrow.out.match(/^1( +\w+){4}$/gm)).toHaveLength(2);
  });

  test('gives words and cosines as documented JSON, and draws both as files', async () => {
    const files = ['--svg', 'words.svg', '--png', 'words.png'];
    const { out } = await rig.sea(...recall, '--truth', 'truth', '--top', '2', '--json', ...files);
    const value = JSON.parse(out) as { models: { patches: { score: number }[][] }[] };
    expectDocumented('recall', value);
    const [best, second] = value.models[0]?.patches[0] ?? [];
    expect(best?.score).toBeGreaterThan(second?.score as number);
    expect(readFileSync(join(rig.folder, 'words.svg'), 'utf8')).toContain('✓ ');
    expect((await sharp(join(rig.folder, 'words.png')).metadata()).format).toBe('png');
  });

  test.each([
    [['--model', 'llama', '--image', 'cat.png', '--words', 'words.txt'], 'sees no pictures'],
    [['--model', 'llava', '--image', 'cat.png'], '--words FILE'],
    [['--model', 'llava', '--image', 'dog.png', '--words', 'words.txt'], 'there is no file dog.png'],
    [['--model', 'finetun', '--image', 'cat.png'], 'the cache has no stage "finetun"'],
  ])('%j is a mistake that is named', async (args, message) => {
    const { code, err } = await rig.sea('recall', ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe('a stage of an experiment', () => {
  test('that has not run is named with the command that makes it, then recalls and answers', async () => {
    const args = ['kept.yaml', '--model', 'first', '--image', 'cat.png'];
    const before = await rig.sea('recall', ...args);
    expect(before.code).toBe(2);
    expect(before.err).toContain("sea run kept.yaml --stage 'first'");
    expect((await rig.sea('recall', 'kept.yaml', '--model', 'frist', '--image', 'cat.png')).err).toContain('first');
    expect((await rig.sea('run', 'kept.yaml')).code).toBe(0);
    expect((await rig.sea('recall', ...args, '--words', 'words')).out).toContain('4 x 4 patches');
    expect((await rig.sea('ask', 'kept.yaml', 'what is it?', '--model', 'first', '--image', 'cat.png')).code).toBe(0);
  });
});

describe('ask', () => {
  const about = ['--model', 'llava', '--image', 'cat.png', '--max-tokens', '5'];

  test('answers the same as text and as documented JSON', async () => {
    const told = await rig.sea('ask', 'what is it?', ...about);
    expect([told.code, told.err]).toEqual([0, '']);
    const { out } = await rig.sea('ask', 'what is it?', ...about, '--json');
    const value = JSON.parse(out) as { answer: string; tokens: number };
    expectDocumented('ask', value);
    expect(told.out.trim()).toBe(value.answer);
    expect(value.tokens).toBeGreaterThan(0);
  });

  test('asks a language model without a picture', async () => {
    const { code, out } = await rig.sea('ask', 'what is it?', '--model', 'llama', '--max-tokens', '3', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ model: 'llama', question: 'what is it?' });
  });

  test.each([
    [['--model', 'llava'], 'there is no question'],
    [['what?', '--model', 'llama', '--image', 'cat.png'], 'sees no picture'],
    [['what?', '--model', 'llava', '--conversation', 'shrot'], 'shrot'],
    [[tooLong, '--model', 'llava'], 'no room for an answer'],
  ])('%j is a mistake that is named', async (args, message) => {
    const { code, err } = await rig.sea('ask', ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

test('a terminal that says it draws pictures is sent one, and none inside tmux', () => {
  expect(graphicsOf({ TERM: 'xterm-kitty' })).toBe('kitty');
  expect(graphicsOf({ TERM: 'xterm-256color', TERM_PROGRAM: 'iTerm.app' })).toBe('iterm');
  expect(graphicsOf({ TERM: 'xterm-256color' })).toBeUndefined();
  expect(graphicsOf({ TERM: 'tmux-256color', TMUX: '/x', KITTY_WINDOW_ID: '1' })).toBeUndefined();
  const png = Buffer.from(Array.from({ length: 7000 }, (_, i) => i % 251));
  const kitty = inlineImage(png, 'kitty', 40);
  const parts = kitty
    .split('\u001B\\')
    .flatMap((part) => (part === '' ? [] : [part.replace('\u001B_G', '').split(';')]));
  expect(parts.map(([control]) => control)).toEqual(['a=T,f=100,c=40,m=1', 'm=1', 'm=0']);
  expect(Buffer.from(parts.map(([, data]) => data).join(''), 'base64').equals(png)).toBe(true);
  expect(inlineImage(png, 'iterm', 40)).toContain(`size=7000:${png.toString('base64')}`);
});
