import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRig, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(() => {
  rig = openRig();
});
afterAll(() => rig.close());

describe('init', () => {
  it('writes an experiment on the drawn world that is valid and can be planned', async () => {
    const { code, out, err } = await rig.sea('init', 'first', '--yes');
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe('first/first.yaml\nfirst/mini.yaml\nnext: sea run first/first.yaml\n');
    expect((await rig.sea('validate', 'first/first.yaml')).out).toMatch(
      /^ok first\/first\.yaml: first: 2 rows, 1 seed/,
    );
    const plan = await rig.sea('plan', 'first/first.yaml');
    expect(plan.code).toBe(0);
    expect(plan.out).toMatch(/^run +pairs /m);
    expect(plan.out).toMatch(/^depends +pretrain\[\+SEA\] /m);
  });

  it('becomes another valid experiment when its commented row and column are let in', async () => {
    await rig.sea('init', 'more', '--yes');
    rig.edit('more/more.yaml', '  # +SEA, stronger', '  +SEA, stronger');
    rig.edit('more/more.yaml', '    # - { stage: textvqa', '    - { stage: textvqa');
    expect((await rig.sea('validate', 'more/more.yaml')).out).toContain('more: 3 rows');
  });

  it('writes one on own data, of which only the files are missing', async () => {
    expect((await rig.sea('init', '--data', 'own', '--name', 'mine')).code).toBe(0);
    const { code, err } = await rig.sea('validate', 'mine.yaml');
    expect(code).toBe(2);
    for (const path of ['chat.json', 'words.txt', 'questions.jsonl']) expect(err).toContain(path);
    expect(readFileSync(join(rig.folder, 'mine.yaml'), 'utf8')).toMatch(/^name: mine$/m);
    mkdirSync(join(rig.folder, 'own-data', 'images'), { recursive: true });
    for (const name of ['chat.json', 'words.txt', 'questions.jsonl']) rig.write(`own-data/${name}`, '');
    expect((await rig.sea('validate', 'mine.yaml')).code).toBe(0);
  });

  it('replaces no file and refuses a name that cannot be one', async () => {
    const again = await rig.sea('init', 'first', '--yes');
    expect(again.code).toBe(2);
    expect(again.err).toContain('first/first.yaml, first/mini.yaml exists already');
    const { code, err } = await rig.sea('init', 'x', '--name', 'a/b');
    expect([code, err.includes('"a/b" cannot name an experiment')]).toEqual([2, true]);
  });
});
