// @ts-check
import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder; this file lies in `src/setup` or, built, in `dist/setup`. */
export const project = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const addonPackage = join(project, 'node_modules', '@tensorflow', 'tfjs-node-gpu');

/**
 * Where large downloads live, once for each user: `npm ci` empties node_modules.
 * @returns {string}
 */
export function userCache() {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'seagraph');
}

/**
 * Copies a file to where another may lie.
 * @param {string} from
 * @param {string} to replaced by rename: a process that has it open keeps what it opened
 */
export function replaceFile(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, `${to}.partial`);
  renameSync(`${to}.partial`, to);
}
