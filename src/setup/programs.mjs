// @ts-check
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/**
 * @typedef {Readonly<{ code: number, output: string }>} Ended
 * @typedef {Readonly<{ command: string, version: string, pip: boolean }>} Python
 */

/**
 * Runs a program to its end; `output` is stdout and stderr together. A program that cannot start ends with code 127.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, timeout?: number }} [options] timeout in ms
 * @returns {Promise<Ended>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
      env: { ...process.env, ...options.env },
    });
    let output = '';
    const keep = (/** @type {Buffer} */ chunk) => {
      output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * The last line that says something: what a failed program has to tell in one line.
 * @param {string} output
 * @returns {string}
 */
export function lastWords(output) {
  const lines = output.split('\n').map((line) => line.trim());
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.findLast((line) => line !== '') ?? '').slice(0, 300);
}

/**
 * Absolute path of a program on PATH.
 * @param {string} name
 * @returns {string | undefined}
 */
export function which(name) {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/**
 * The first Python 3 that starts, one with pip before one without.
 * @returns {Promise<Python | undefined>}
 */
export async function findPython() {
  /** @type {Python | undefined} */
  let bare;
  for (const command of ['python3', 'python']) {
    if (which(command) === undefined) continue;
    const asked = await run(command, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])']);
    const version = asked.output.trim();
    if (asked.code !== 0 || !version.startsWith('3.')) continue;
    const pip = (await run(command, ['-m', 'pip', '--version'])).code === 0;
    if (pip) return { command, version, pip };
    bare ??= { command, version, pip };
  }
  return bare;
}

/**
 * A C++ compiler with make, by name; undefined when either is missing.
 * @returns {string | undefined}
 */
export function findCompiler() {
  if (which('make') === undefined) return undefined;
  const asked = process.env['CXX'];
  return [...(asked === undefined || asked === '' ? [] : [asked]), 'c++', 'g++', 'clang++'].find((name) =>
    name.includes('/') ? existsSync(name) : which(name) !== undefined,
  );
}

/**
 * Names of the NVIDIA GPUs that the driver shows; empty without a driver.
 * @returns {Promise<readonly string[]>}
 */
export async function nvidiaGpus() {
  // Without a device file nvidia-smi cannot succeed, and looking costs nothing.
  if (!['/dev/nvidiactl', '/dev/nvidia0', '/dev/dxg'].some((path) => existsSync(path))) return [];
  const listed = await run('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], { timeout: 20_000 });
  return listed.code === 0
    ? listed.output.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
    : [];
}

/**
 * Environment that lets node-gyp find Node's headers beside the node binary instead of downloading them.
 * @returns {Record<string, string>}
 */
export function nodeHeaders() {
  if (process.env['npm_config_nodedir'] !== undefined) return {};
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node.h')) ? { npm_config_nodedir: prefix } : {};
}
