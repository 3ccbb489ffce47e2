import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ablation, ended, openRig, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = openRig();
  rig.write('a.yaml', ablation);
  rig.write('b.yaml', 'extends: a.yaml\nname: ablation\n');
  expect((await rig.sea('run', 'a.yaml')).code).toBe(0);
});
afterAll(() => rig.close());

describe('watch', () => {
  it('tells at every save what would run or what is wrong, also of a file that is extended, until Ctrl-C', async () => {
    const child = rig.start(['watch', 'b.yaml']);
    const end = ended(child);
    let text = '';
    child.stdout?.on('data', (data: Buffer) => {
      text += data;
    });
    const shows = async (part: string) => {
      await expect.poll(() => text, { timeout: 8000, interval: 20 }).toContain(part);
      text = '';
    };
    await shows('7 stages: 7 cached, 0 to run');
    rig.edit('a.yaml', "RATE: '2'", "RATE: '4'");
    await shows('env.RATE: 2 → 4');
    rig.write('b.yaml', 'extends: a.yaml\nname: ablation\nrwos: {}\n');
    await shows('b.yaml:3:1');
    rig.write('b.yaml', 'extends: c.yaml\nname: ablation\n');
    await shows('c.yaml');
    rig.write('c.yaml', ablation);
    await shows('7 cached, 0 to run');
    child.kill('SIGINT');
    expect((await end).code).toBe(0);
  });
});
