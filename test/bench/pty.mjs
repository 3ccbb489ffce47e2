// The built program on a terminal of its own, made by `script` of util-linux, with its processor time as the kernel counts it.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** Why no terminal can be had here; undefined where one can. */
export function withoutTerminal() {
  if (process.platform !== 'linux') return 'processor time is read from /proc';
  return spawnSync('script', ['--version']).status === 0 ? undefined : 'script (util-linux) is not installed';
}

/** Ends a synchronized update. */
const FRAME_END = '\u001B[?2026l';
const COLUMNS = 160;
const ROWS = 48;
const PATIENCE = 60_000;
const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);

/** Of a process itself, not of what it started. @param {string | number | undefined} pid */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** @param {string[]} args @param {string} cwd */
export function openPty(args, cwd) {
  const program = [process.execPath, cli, ...args].map((word) => `'${word}'`).join(' ');
  const command = `stty cols ${COLUMNS} rows ${ROWS}; echo "pid $$"; exec ${program}`;
  const { CI: _, NO_COLOR: _none, FORCE_COLOR: _forced, ...env } = process.env;
  const start = performance.now();
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd, env: { ...env, TERM: 'xterm-256color' } });
  let text = '';
  let heard = () => {};
  child.stdout.on('data', (data) => {
    text += data;
    heard();
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  /** Waits until the output from `offset` on satisfies. @param {(text: string) => boolean} satisfies @param {number} offset */
  const until = async (satisfies, offset = 0) => {
    const late = performance.now() + PATIENCE;
    while (!satisfies(text.slice(offset))) {
      if (performance.now() > late) throw new Error(`sea ${args.join(' ')} never showed it:\n${text.slice(-2000)}`);
      await Promise.race([new Promise((resolve) => (heard = () => resolve(undefined))), wait(1000)]);
    }
    return performance.now();
  };
  const cpu = () => cpuSeconds(/pid (\d+)/.exec(text)?.[1]);
  return {
    cpu,
    /** Milliseconds from the start until this stands in the output, and the processor time so far. @param {string} what */
    async paints(what) {
      const at = await until((shown) => shown.includes(what));
      return { wall: at - start, cpu: cpu() * 1000 };
    },
    /** Types a key; milliseconds until a frame is drawn whole. @param {string} key */
    async press(key) {
      const offset = text.length;
      const from = performance.now();
      child.stdin.write(key);
      return (await until((shown) => shown.includes(FRAME_END), offset)) - from;
    },
    bytes: () => text.length,
    /** @param {string} key */
    async close(key) {
      child.stdin.write(key);
      await ended;
    },
  };
}
