// `npm run test:interop`: trains small checkpoints, exports them, and has Python's transformers load and compute the same.
// `npm run test:interop -- --stage 'finetune[+SEA,seed=1]' --cache cache`: the same for a model of a finished run (--stage
// again: for more), with questions of the benchmarks that the run asked it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openStore } from '../../dist/store/sqlite.js';
import { removeTree } from '../../dist/store/tree.js';
import { compareLabels } from './compare-labels.mjs';
import { findTransformers } from './python.mjs';
import { writeCases } from './write-cases.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const cli = here('../../dist/cli.js');
const experiment = here('interop.yaml');

const { values: asked } = parseArgs({
  options: { install: { type: 'boolean' }, stage: { type: 'string', multiple: true }, cache: { type: 'string' } },
});
const files = asked.stage === undefined ? [experiment] : [];

try {
  const install = asked.install === true ? 'asked' : process.env['CI'] === 'true' ? 'try' : 'no';
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
  const cache = asked.cache ?? join(folder, 'cache');
  if (asked.stage === undefined) {
    // compiling a step takes longer than the few steps here
    const env = { ...process.env, SEA_CAPTURE: 'off' };
    const made = spawnSync(process.execPath, [cli, 'run', experiment, '--cache', cache], { stdio: 'inherit', env });
    if (made.status !== 0) return made.status ?? 1;
  }
  const cases = join(folder, 'cases');
  await writeCases(
    cases,
    asked.stage === undefined ? smallStages(folder, cache) : asked.stage.map((name) => finished(name, folder, cache)),
  );
  const env = { ...process.env, HF_HUB_OFFLINE: '1' };
  const checked = spawnSync(command, [here('transformers_check.py'), cases], { stdio: 'inherit', env }).status ?? 1;
  if (asked.stage !== undefined) return checked;
  return Math.max(checked, await compareLabels(command, shown('labels', cache).outputs[0].path));
}

function smallStages(folder, cache) {
  const captions = shown('captions', cache).outputs[0].path;
  const stage = (kind, name, ...options) => ({
    ...exportOf(name, folder, cache, ...options),
    name,
    kind,
    data: captions,
  });
  return [
    stage('encoder', 'clip', '--shard', '60kB'),
    stage('encoder', 'siglip'),
    ...['llama', 'llama3', 'gemma', 'phi3'].map((name) => stage('language-model', name)),
    ...['llava', 'llava-gemma', 'llava-siglip'].map((name) => stage('model', name)),
    stage('adapter', 'adapter'),
    { ...stage('adapter', 'llava', '--adapter'), name: 'adapter-of-llava' },
    ...['float16', 'bfloat16'].map((dtype) => ({
      ...stage('encoder', 'clip', '--dtype', dtype),
      name: `clip-${dtype}`,
      kind: 'narrowed',
    })),
  ];
}

/** A model of a finished run, and what to ask it: its benchmarks, or the data that it was tuned on. */
function finished(stage, folder, cache) {
  const store = openStore(cache, 'write');
  try {
    const { inputs, outputs } = shown(stage, cache);
    const benchmarks = benchmarksOf(stage, outputs[0].digest, cache).map(({ identity, inputs: { data } }) => {
      return { ...identity, data: store.path(data) };
    });
    const data = inputs.data === undefined ? undefined : store.path(inputs.data);
    if (data === undefined && benchmarks.length === 0)
      throw new Error(`${stage} has no input "data" whose questions could be asked, and no benchmark asked it`);
    return { ...exportOf(stage, folder, cache), name: stage, kind: 'model', data, benchmarks };
  } finally {
    store.close();
  }
}

/** The stages of its row that asked it. */
function benchmarksOf(stage, digest, cache) {
  const row = stage.slice(stage.indexOf('['));
  const { entries } = sea('ls', '--kind', 'benchmark', '--cache', cache);
  const asking = [...new Set(entries.map((entry) => entry.stage).filter((name) => name.endsWith(row)))].sort();
  return asking.map((name) => shown(name, cache)).filter(({ inputs }) => inputs.model === digest);
}

/** Where what a stage trained lies, and a folder that it was exported to. */
function exportOf(name, folder, cache, ...options) {
  const exported = join(folder, 'exported', [name, ...options].join('').replaceAll(/[^\w.-]/g, '_'));
  sea('export', name, ...files, '-o', exported, '--cache', cache, ...options);
  return { made: shown(name, cache).outputs[0].path, exported };
}

function shown(name, cache) {
  return sea('show', name, ...files, '--cache', cache).stages[0];
}

function sea(...args) {
  const ended = spawnSync(process.execPath, [cli, ...args, '--json'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (ended.status !== 0) throw new Error(`sea ${args.slice(0, 2).join(' ')} failed: ${ended.stderr}`);
  return JSON.parse(ended.stdout);
}
