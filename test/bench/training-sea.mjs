// Some steps of one case of training-cases.mjs in the product's own training loop; prints what each took as JSON.
// With `folder` in its task it first writes weights and batch there, for the twin in Python. With the mode `profile` it prints what each
// kernel takes in an eager step instead.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { writeSafetensors } from '../../dist/data/safetensors-write.js';
import { capture } from '../../dist/engine/capture.js';
import { openEngine } from '../../dist/engine/open.js';
import { prefixed } from '../../dist/nn/weights.js';
import { train } from '../../dist/train/loop.js';
import { rateAt } from '../../dist/train/schedule.js';
import { freshState, makeStep, scalarsAt } from '../../dist/train/step.js';
import { cases, optimisersOf } from './training-cases.mjs';

const { name, mode, steps, warm, smoke, folder } = JSON.parse(process.argv[2]);
process.env['SEA_CAPTURE'] = mode === 'captured' ? 'on' : 'off';
const engine = await openEngine();
const { weights, batch, spec, twin } = cases[name](smoke);
const schedule = { kind: 'cosine', totalSteps: warm + steps, warmup: { steps: 0 } };
if (folder !== undefined) await writeTwin();
process.stdout.write(`${JSON.stringify(mode === 'profile' ? profiled() : await measured())}\n`);

async function writeTwin() {
  const tensors = { ...prefixed('weight/', weights), ...prefixed('batch/', batch) };
  const entries = Object.entries(tensors).map(([key, tensor]) => ({
    name: key,
    dtype: tensor.dtype === 'int32' ? 'I32' : 'F32',
    shape: tensor.shape,
    values: () => tensor.dataSync(),
  }));
  await writeSafetensors(join(folder, 'tensors.safetensors'), entries);
  const rates = Array.from({ length: warm + steps }, (_, step) => rateAt(schedule, step));
  const task = { ...twin, optimisers: optimisersOf(spec), clip: spec.clip, rates };
  writeFileSync(join(folder, 'task.json'), JSON.stringify(task));
}

/** Milliseconds of a step by TensorFlow operation; eager kernels end before the call that runs them returns. */
function profiled() {
  const step = makeStep(spec);
  const x = {
    ...prefixed('weight/', weights),
    ...prefixed('batch/', batch),
    ...freshState(spec, weights),
    ...scalarsAt(spec, 0, 1),
  };
  const kernels = {};
  const backend = /** @type {any} */ (tf.backend());
  for (const method of ['executeSingleOutput', 'executeMultipleOutputs']) {
    const execute = backend[method].bind(backend);
    backend[method] = (operation, ...rest) => {
      const start = performance.now();
      const output = execute(operation, ...rest);
      kernels[operation] = (kernels[operation] ?? 0) + (performance.now() - start) / steps;
      return output;
    };
  }
  for (let at = 0; at < warm + steps; at++) {
    if (at === warm) for (const operation of Object.keys(kernels)) delete kernels[operation];
    tf.tidy(() => void step.whole(x));
  }
  return { kernels };
}

/** Wall and CPU milliseconds of the steps after the first `warm` ones, which compile; the loss of every step. */
async function measured() {
  const scratch = mkdtempSync(join(tmpdir(), 'seagraph-bench-'));
  const [wall, cpu, losses] = [[], [], []];
  const started = performance.now();
  let [at, used, ready] = [started, process.cpuUsage(), Number.NaN];
  try {
    await train({
      weights,
      spec,
      schedule,
      batch: () => Object.fromEntries(Object.entries(batch).map(([key, tensor]) => [key, tf.clone(tensor)])),
      compile: capture,
      scratch: { folder: scratch, everySeconds: Number.POSITIVE_INFINITY },
      report({ step, losses: { total } }) {
        const { user, system } = process.cpuUsage(used);
        if (step >= warm) wall.push(performance.now() - at);
        if (step >= warm) cpu.push((user + system) / 1000);
        if (step === 0) ready = (performance.now() - started) / 1000;
        losses.push(total);
        [at, used] = [performance.now(), process.cpuUsage()];
      },
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const parameters = spec.trainable.reduce((sum, key) => sum + weights[key].size, 0);
  return { wall, cpu, losses, ready, parameters, engine: engine.description, peak: engine.peakMemory() / 2 ** 20 };
}
