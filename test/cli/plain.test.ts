import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ablation, openRig, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(() => {
  rig = openRig();
});
afterAll(() => rig.close());

describe('the browser without a terminal', () => {
  test('says in lines of text all that it shows: tables, the state of every stage, the log of a failed one', async () => {
    rig.write(
      'a.yaml',
      ablation.replace(
        "+SEA twice: { extends: +SEA, train.env.RATE: '3' }",
        "Broken: { train.run: 'echo too large; exit 3' }",
      ),
    );
    await rig.sea('run', 'a.yaml');
    const { code, out } = await rig.sea('ui');
    expect(code).toBe(0);
    expect(out).toContain('ablation (a.yaml)\n7 stages: 1 failed, 1 waits, 5 cached');
    expect(out).toContain('A small ablation');
    expect(out).toMatch(/^score\[\+SEA\], command, cached, 0\.\d s, accuracy 52\.5/m);
    expect(out).toContain('train[Broken], command, failed: the command ended with exit code 3\n  log: too large\n');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape codes
    expect((await rig.seaWith({ FORCE_COLOR: '1' }, 'ui', 'a.yaml', '--plain')).out).not.toMatch(/\u001b/);
  });

  test('lists the experiments near where none is named', async () => {
    rig.write('b.yaml', ablation.replace('name: ablation', 'name: other'));
    expect((await rig.sea('ui')).out).toBe('a.yaml  ablation\nb.yaml  other\n');
  });
});
