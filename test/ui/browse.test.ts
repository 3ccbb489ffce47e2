import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asked, openRig, type Rig } from '../cli/rig.ts';
import { colourCode, hasTmux, openTerminal, withoutTmux } from './terminal.ts';

/** What a stage writes to its log. */
const long = `start ${'of a very long line '.repeat(6)}end`;

describe.runIf(hasTmux)(`the browser in a terminal${withoutTmux}`, () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = openRig();
    rig.write('a.yaml', asked.replace('mkdir', `echo ${long}; mkdir`));
    await rig.sea('run', 'a.yaml');
  });
  afterAll(() => rig.close());

  test('goes from a cell to its lineage and back, also where keys come several at once', async () => {
    const terminal = openTerminal(rig, [80, 24], 'ui a.yaml');
    try {
      expect(await terminal.shows('› Worse')).toMatch(/› Worse\s+\[25\.0/);
      terminal.type('jkj');
      expect(await terminal.shows('› Better')).toMatch(/› Better\s+\[75\.0/);
      terminal.type('i');
      const lineage = await terminal.shows('[lineage]');
      expect(lineage).toContain('mark[Better]');
      expect(lineage.split('\n').every((line) => line.length <= 80)).toBe(true);
      terminal.type('a');
      expect(await terminal.shows('RIGHT')).toContain('[parameters]');
      terminal.type('q');
      await terminal.shows('ended with 0');
    } finally {
      terminal.close();
    }
  });

  test('compares two marked rows, in a window made larger and smaller', async () => {
    const terminal = openTerminal(rig, [80, 24], 'ui a.yaml');
    try {
      await terminal.shows('› Worse');
      terminal.resize(200, 50);
      terminal.type('Space', 'j', 'Space', '=');
      const compared = await terminal.shows('RIGHT');
      expect(compared).toContain('Worse');
      terminal.resize(60, 12);
      terminal.type('?');
      expect((await terminal.shows('first, last')).split('\n').every((line) => line.length <= 60)).toBe(true);
    } finally {
      terminal.close();
    }
  });

  test('breaks long lines of a log to the window, and again when its size changes', async () => {
    const terminal = openTerminal(rig, [80, 24], 'ui a.yaml');
    try {
      await terminal.shows('› Worse');
      terminal.type('o');
      expect(await terminal.shows('[log]')).not.toContain(long);
      await terminal.shows(/^ {2}start .*\n.* long line end$/m);
      // the phrase begins in one piece of the line and ends in the next
      const words = (await terminal.shows('start')).match(/(\w+)\n +(\w+ .*) line end$/m);
      terminal.type('/', `${words?.[1]} ${words?.[2]}`, 'Enter');
      await terminal.shows(/^› start /m);
      terminal.resize(200, 50);
      await terminal.shows(long);
    } finally {
      terminal.close();
    }
  });

  test('forces a stage when the question is answered with y, and tells how the run went', async () => {
    const terminal = openTerminal(rig, [80, 24], 'ui a.yaml');
    try {
      await terminal.shows('› Worse');
      terminal.type('2', 'j', 'f');
      await terminal.shows(/runs again; with what may follow .* Start\?/s);
      terminal.type('y');
      await terminal.shows('the run is complete');
    } finally {
      terminal.close();
    }
  });

  test('names the process that runs the experiment, and shows when it has ended', async () => {
    rig.write(
      'slow.yaml',
      "name: slow\nstages: { s: { kind: command, run: 'sleep 60; echo > {output.out}', outputs: [out] } }\n",
    );
    const child = rig.start(['run', 'slow.yaml']);
    const terminal = openTerminal(rig, [80, 24], 'ui slow.yaml');
    try {
      await terminal.shows(/s +▸ running/);
      terminal.type('x');
      await terminal.shows(`process ${child.pid} started this run: stop it there, with Ctrl-C`);
      child.kill('SIGINT');
      await terminal.shows(/s +\+ to run/);
    } finally {
      child.kill('SIGKILL');
      terminal.close();
    }
  });

  test('uses no colour where NO_COLOR is set, and Ctrl-C leaves', async () => {
    const terminal = openTerminal(rig, [80, 24], 'ui a.yaml', 'NO_COLOR=1');
    try {
      await terminal.shows('› Worse');
      expect(terminal.styled()).not.toMatch(colourCode);
      terminal.type('C-c');
      await terminal.shows('ended with 0');
    } finally {
      terminal.close();
    }
  });
});
