import { execFileSync, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Rig } from '../cli/rig.ts';

export const hasTmux = spawnSync('tmux', ['-V']).status === 0;

/** Said where tests of a real terminal are left out. */
export const withoutTmux = hasTmux ? '' : ' (left out: tmux is not installed here)';

let count = 0;

/** Longest wait for a screen, milliseconds: only a machine that is very busy comes near it. */
const PATIENCE = 60_000;

/** The built program in a real terminal of so many columns and rows. `env`: NAME=value before the command. */
export function openTerminal(rig: Rig, [columns, rows]: readonly [number, number], args: string, env = '') {
  count += 1;
  const server = ['-L', `sea-${process.pid}-${count}`, '-f', '/dev/null'];
  const tmux = (...words: readonly string[]) => execFileSync('tmux', [...server, ...words], { encoding: 'utf8' });
  const program = `'${process.execPath}' '${resolve('dist/cli.js')}'`;
  // what stood on the screen before must be there afterwards; a test machine says CI, a person's terminal does not
  const clean = 'env -u CI -u CONTINUOUS_INTEGRATION -u NO_COLOR -u FORCE_COLOR';
  // Ctrl-C reaches the shell too, which is to go on
  const command = `trap : INT; cd '${rig.folder}' && echo before; ${clean} ${env} ${program} ${args}; echo "ended with $?"; cat`;
  tmux('new-session', '-d', '-s', 't', '-x', `${columns}`, '-y', `${rows}`, 'sh', '-c', command);
  const screen = () => tmux('capture-pane', '-p', '-t', 't');
  return {
    type: (...keys: readonly string[]) => void tmux('send-keys', '-t', 't', ...keys),
    resize: (x: number, y: number) => void tmux('resize-window', '-t', 't', '-x', `${x}`, '-y', `${y}`),
    screen,
    /** with the escape codes of colours and weights */
    styled: () => tmux('capture-pane', '-p', '-e', '-t', 't'),
    /** the screen and what has scrolled out of it */
    scrollback: () => tmux('capture-pane', '-p', '-S', '-', '-t', 't'),
    /** what tmux would paste */
    clipboard: () => tmux('show-buffer'),
    /** the screen as soon as it shows this */
    async shows(what: string | RegExp): Promise<string> {
      const until = Date.now() + PATIENCE;
      while (Date.now() < until) {
        const now = screen();
        if (typeof what === 'string' ? now.includes(what) : what.test(now)) return now;
        await wait(60);
      }
      throw new Error(`not on the screen: ${what}\n${screen()}`);
    },
    close: () => void spawnSync('tmux', [...server, 'kill-server']),
  };
}

export type Terminal = ReturnType<typeof openTerminal>;

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape codes
export const colourCode = /\u001b\[[0-9;]*(?:3[0-7]|4[0-7]|9[0-7]|38;[0-9;]*)m/;

export const sizes = [
  [80, 24],
  [200, 50],
] as const;
