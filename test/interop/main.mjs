// `npm run test:interop`: trains small checkpoints, and has Python's transformers load them and compute the same.
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeTree } from '../../dist/store/tree.js';
import { findTransformers } from './python.mjs';
import { writeCases } from './write-cases.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const cli = here('../../dist/cli.js');
const experiment = here('interop.yaml');

try {
  const install = process.argv.includes('--install') ? 'asked' : process.env['CI'] === 'true' ? 'try' : 'no';
  const python = await findTransformers(install);
  if ('missing' in python) process.stdout.write(`skipped: ${python.missing}\n`);
  else process.exitCode = await inFolder((folder) => compare(python.command, folder));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'seagraph-interop-'));
  try {
    return await work(folder);
  } finally {
    removeTree(folder); // what the store keeps is read-only
  }
}

async function compare(command, folder) {
  const cache = join(folder, 'cache');
  // compiling a step takes longer than the few steps here
  const made = spawnSync(process.execPath, [cli, 'run', experiment, '--cache', cache], {
    stdio: 'inherit',
    env: { ...process.env, SEA_CAPTURE: 'off' },
  });
  if (made.status !== 0) return made.status ?? 1;
  const cases = join(folder, 'cases');
  await writeCases(cases, outputsOf(cache));
  const env = { ...process.env, HF_HUB_OFFLINE: '1' };
  return spawnSync(command, [here('transformers_check.py'), cases], { stdio: 'inherit', env }).status ?? 1;
}

/** Path of the only output of each stage. */
function outputsOf(cache) {
  const names = ['pairs', 'captions', 'clip', 'siglip', 'llama', 'llama3', 'gemma', 'phi3'];
  const models = ['llava', 'llava-gemma', 'llava-siglip'];
  return Object.fromEntries([...names, ...models].map((name) => [name, outputOf(name, cache)]));
}

function outputOf(name, cache) {
  const args = [cli, 'show', name, experiment, '--cache', cache, '--json'];
  const shown = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (shown.status !== 0) throw new Error(`sea show ${name} failed: ${shown.stderr}`);
  return JSON.parse(shown.stdout).stages[0].outputs[0].path;
}
