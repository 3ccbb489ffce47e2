import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRig, type Rig } from '../cli/rig.ts';
import { colourCode, hasTmux, openTerminal, sizes, type Terminal, withoutTmux } from './terminal.ts';
import { threeRows } from './three-rows.ts';

/** A training that reports ten steps and then waits until the test lets it end, so that no test depends on a machine's speed. */
const training = threeRows('live', [
  'for step in 1 2 3 4 5 6 7 8 9 10; do echo "{\\"step\\": $step, \\"of\\": 20, \\"loss\\": $((20 - step))}" >> $SEA_PROGRESS; sleep 0.1; done',
  'echo step ten is done',
  'while [ ! -e go ]; do sleep 0.1; done',
]);

let rig: Rig;
let terminal: Terminal | undefined;
beforeEach(() => {
  rig = openRig();
  rig.write('a.yaml', training);
});
afterEach(() => {
  terminal?.close();
  terminal = undefined;
  rig.close();
});

function watch(size: readonly [number, number], args = 'run a.yaml --jobs 2', env = ''): Terminal {
  terminal = openTerminal(rig, size, args, env);
  return terminal;
}

const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length));

describe.runIf(hasTmux)(`a run in a terminal${withoutTmux}`, () => {
  test.each(sizes)('of %i x %i shows what runs and the table as it fills', async (columns, rows) => {
    const live = watch([columns, rows]);
    const now = await live.shows(/50 %.*\n.*50 %/);
    expect(now).toMatch(/live {2}━+╌+ {2}1\/7 stages {2}0 reused {2}1 ran {2}2 running {2}0 failed/);
    expect(now).toMatch(/\d s · cells 0\/3: 2 running/);
    expect(now).toMatch(/train\[Baseline\] {2}━+╌+ {2}50 % {2}loss █[▁-▇]+ 10/);
    expect(now).toMatch(/Baseline +▸1\/3\nBroken +▸1\/3\nBetter +·\n/);
    expect(now).toContain('▸ running (stages done/to do)   · queued');
    expect(widest(now)).toBeLessThanOrEqual(columns);
  });

  test.each(sizes)('of %i x %i leaves failures, the table and a line, and nothing else', async (columns, rows) => {
    const live = watch([columns, rows]);
    await live.shows('50 %');
    rig.write('go', '');
    await live.shows('ended with 1');
    const left = live.scrollback().trimEnd();
    expect(left).toMatch(
      /^before\n✗ train\[Broken\] failed\n {2}the command ended with exit code 3\n {2}│ step ten is done\n/,
    );
    expect(left).toMatch(/ {2}│ out of memory/);
    expect(left.match(/✗/g)).toHaveLength(1);
    expect(left).not.toMatch(/running|✓|▸|━/);
    expect(left).toMatch(/Baseline +51\.5\s/);
    expect(left).toMatch(/Broken +fail/);
    expect(left).toMatch(/Better +53\.5\*/);
    expect(left).toMatch(/\nfailed: 5 run, 0 reused, 1 failed, 1 not run because of it in [\d.]+ s\nended with 1$/);
  });

  test('that is complete leaves the table and one line', async () => {
    rig.write('go', '');
    const live = watch([80, 24], 'run a.yaml --row Baseline Better');
    await live.shows('ended with 0');
    expect(
      live
        .scrollback()
        .replace(/\d+\.\d s/g, 'N s')
        .trimEnd(),
    ).toMatch(
      /^before\n\nlive\n─+\n +Acc\n─+\nBaseline +51\.5 *\nBetter +53\.5\* \+2\.0\n─+\n(?:.+\n)+\ncomplete: 5 run, 0 reused, 0 failed in N s\nended with 0$/,
    );
  });

  test('stays within the window while it is made smaller and larger, and keeps what stood above', async () => {
    const live = watch([80, 24]);
    await live.shows('50 %');
    live.resize(48, 12);
    expect(widest(await live.shows(/cells 0\/3: 2 running\n/))).toBeLessThanOrEqual(48);
    live.resize(200, 50);
    expect(widest(await live.shows(/live {2}━{4,}╌+ {2}1\/7 stages/))).toBeLessThanOrEqual(200);
    rig.write('go', '');
    await live.shows('ended with 1');
    expect(live.scrollback().split('\n')[0]).toBe('before');
  });

  test('is stopped by Ctrl-C, with the cursor back and what was made kept', async () => {
    const live = watch([80, 24]);
    await live.shows('50 %');
    live.type('C-c');
    await live.shows('ended with 130');
    expect(live.screen()).toMatch(/\nstopped: 1 run, 0 reused, 0 failed in [\d.]+ s\n/);
    rig.write('go', '');
    expect((await rig.sea('run', 'a.yaml', '--row', 'Better')).out).toContain('2 run, 1 reused');
  });

  test.each(sizes)('of %i x %i has no colour where NO_COLOR is set, and says the same', async (columns, rows) => {
    const live = watch([columns, rows], 'run a.yaml --jobs 2', 'NO_COLOR=1');
    const now = await live.shows('50 %');
    expect(now).toContain('2 running');
    expect(live.styled()).not.toMatch(colourCode);
    rig.write('go', '');
    await live.shows('ended with 1');
    expect(live.styled()).not.toMatch(colourCode);
  });

  test.each(['TERM=dumb', 'CI=1'])('is told in lines where %s', async (env) => {
    rig.write('go', '');
    const live = watch([80, 24], 'run a.yaml --row Baseline', env);
    await live.shows('ended with 0');
    expect(live.scrollback()).toMatch(/> train\[Baseline\] {2}never run\n/);
    expect(live.scrollback()).not.toContain('running');
  });

  test('uses no more than the sixteen colours of every terminal', async () => {
    const live = watch([80, 24], 'run a.yaml --jobs 2', 'TERM=xterm-16color');
    await live.shows('50 %');
    expect(live.styled()).toMatch(colourCode);
    expect(live.styled()).not.toMatch(/[34]8;[25];/);
  });
});
