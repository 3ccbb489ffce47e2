import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectDocumented, openRig, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = openRig();
  const golden = resolve('test/golden/llava-tiny');
  rig.write(
    'a.yaml',
    `
name: exported
stages:
  taken: { kind: checkpoint, type: model, path: ${JSON.stringify(golden)} }
  twice:
    kind: command
    run: 'cp -r {input.model} {output.one}; cp -r {input.model} {output.two}; echo 1 > {output.note}'
    inputs: { model: taken.checkpoint }
    outputs: [one, two, note]
    env: { OTHER: '0' }
rows:
  First: {}
  Second: { twice.env.OTHER: '1' }
`,
  );
  expect((await rig.sea('run', 'a.yaml')).code).toBe(0);
});
afterAll(() => rig.close());

test('writes a folder, says what is in it, and names the stages it came from', async () => {
  const { code, out, err } = await rig.sea('export', 'taken', 'a.yaml', '-o', 'out/taken', '--json');
  expect([code, err]).toEqual([0, '']);
  const said = JSON.parse(out) as { files: { path: string }[] };
  expectDocumented('export', said);
  const folder = join(rig.folder, 'out/taken');
  expect(said).toMatchObject({ stage: 'taken', port: 'checkpoint', sort: 'model', family: 'llava' });
  expect(said.files.map(({ path }) => path)).toEqual(readdirSync(folder).sort());
  const nested = await rig.sea(
    'export',
    'twice[Second].two',
    'a.yaml',
    '-o',
    'out/two',
    '--adapter',
    '--dtype',
    'float16',
  );
  expect([nested.code, nested.err]).toEqual([0, '']);
  expect(nested.out).toContain('mm_projector.bin');
  const card = readFileSync(join(rig.folder, 'out/two/README.md'), 'utf8');
  expect(card).toMatch(/^\| twice\[Second\] \| command \d+ \|/m);
  expect(card).toMatch(/^\| taken \| checkpoint \d+ \|/m);
});

test.each([
  [['twice', 'a.yaml'], '2 stages are called twice'],
  [['twice[First]', 'a.yaml'], 'left several models'],
  [['twice[First].note', 'a.yaml'], 'is no model, encoder, language model or adapter'],
  [['twice[First].notes', 'a.yaml'], 'did you mean "note"?'],
  [['tkaen', 'a.yaml'], 'did you mean "taken"?'],
  [['nothing'], 'the cache has no stage "nothing"'],
])('%j is a mistake that is explained, and writes nothing', async (args, message) => {
  const { code, err } = await rig.sea('export', ...args, '-o', 'never');
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  expect(existsSync(join(rig.folder, 'never'))).toBe(false);
});
