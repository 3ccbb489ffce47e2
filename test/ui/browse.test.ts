import { execFileSync, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asked, openRig, type Rig } from '../cli/rig.ts';

const hasTmux = spawnSync('tmux', ['-V']).status === 0;

/** A terminal of its own in which `sea ui` runs. */
function openTerminal(rig: Rig, columns: number, rows: number, env = '') {
  const server = ['-L', `sea-${process.pid}-${columns}-${rows}-${env.length}`, '-f', '/dev/null'];
  const tmux = (...args: readonly string[]) => execFileSync('tmux', [...server, ...args], { encoding: 'utf8' });
  const command = `cd '${rig.folder}' && env -u CI -u NO_COLOR -u FORCE_COLOR ${env} '${process.execPath}' '${resolve('dist/cli.js')}' ui a.yaml; echo ended; cat`;
  tmux('new-session', '-d', '-s', 't', '-x', `${columns}`, '-y', `${rows}`, 'sh', '-c', command);
  const screen = () => tmux('capture-pane', '-p', '-t', 't');
  return {
    type: (...keys: readonly string[]) => tmux('send-keys', '-t', 't', ...keys),
    resize: (x: number, y: number) => tmux('resize-window', '-t', 't', '-x', `${x}`, '-y', `${y}`),
    styled: () => tmux('capture-pane', '-p', '-e', '-t', 't'),
    /** the screen as soon as it shows something */
    async shows(text: string): Promise<string> {
      for (let tries = 0; tries < 100; tries++) {
        const now = screen();
        if (now.includes(text)) return now;
        await wait(100);
      }
      throw new Error(`not on the screen: ${text}\n${screen()}`);
    },
    close: () => spawnSync('tmux', [...server, 'kill-server']),
  };
}

describe.runIf(hasTmux)('the browser in a terminal', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = openRig();
    rig.write('a.yaml', asked);
    await rig.sea('run', 'a.yaml');
  });
  afterAll(() => rig.close());

  test('goes from a cell to its lineage and back, also where keys come several at once', async () => {
    const terminal = openTerminal(rig, 80, 24);
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
      await terminal.shows('ended');
    } finally {
      terminal.close();
    }
  });

  test('compares two marked rows, in a window made larger and smaller', async () => {
    const terminal = openTerminal(rig, 80, 24);
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

  test('uses no colour where NO_COLOR is set, and Ctrl-C leaves', async () => {
    const terminal = openTerminal(rig, 80, 24, 'NO_COLOR=1');
    try {
      await terminal.shows('› Worse');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape codes
      expect(terminal.styled()).not.toMatch(/\u001b\[[0-9;]*(?:3[0-7]|4[0-7]|9[0-7])m/);
      terminal.type('C-c');
      await terminal.shows('ended');
    } finally {
      terminal.close();
    }
  });
});
