// @ts-check
// Starts the programs of one runner. Forking a process costs time in proportion to its memory (10 ms at 300 MB), and the
// runner holds a whole graph; this process holds nothing. When the runner is gone, however it went, this process
// sees the channel close and kills what it started, so that no program goes on without anybody who keeps its result.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/**
 * @typedef {{ id: number, line: string, cwd: string, env: Record<string, string>, log: string }} Start
 * @typedef {{ id: number, signal: NodeJS.Signals }} Kill
 * @typedef {{ id: number, group: number } | { id: number, code: number | null, signal: NodeJS.Signals | null } | { id: number, error: string }} Reply
 */

/** @type {Map<number, number>} process group of each program that runs */
const groups = new Map();

/** @param {Reply} reply */
function tell(reply) {
  if (process.connected) process.send?.(reply);
}

/** @param {Start} request */
function start({ id, line, cwd, env, log }) {
  let file = -1;
  try {
    file = openSync(log, 'a');
    const child = spawn('/bin/sh', ['-c', line], {
      cwd,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', file, file],
    });
    const { pid } = child;
    if (pid !== undefined) groups.set(id, pid);
    // Needed by the runner only if this process is killed; most programs have ended before it is worth a message.
    const late = setTimeout(() => pid !== undefined && tell({ id, group: pid }), 200);
    child.on('error', (error) => tell({ id, error: error.message }));
    child.on('exit', (code, signal) => {
      clearTimeout(late);
      // What the program left in the background must not write into outputs that are being hashed.
      kill(id, 'SIGKILL');
      groups.delete(id);
      tell({ id, code, signal });
    });
  } catch (error) {
    tell({ id, error: error instanceof Error ? error.message : String(error) });
  } finally {
    if (file >= 0) closeSync(file);
  }
}

/**
 * @param {number} id
 * @param {NodeJS.Signals} signal
 */
function kill(id, signal) {
  const group = groups.get(id);
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

// Ctrl-C and a closed terminal are for the runner to decide about.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => {});
process.on('message', (/** @type {Start | Kill} */ message) => {
  if ('line' in message) start(message);
  else kill(message.id, message.signal);
});
process.on('disconnect', () => {
  for (const id of groups.keys()) kill(id, 'SIGKILL');
  process.exit(0);
});
