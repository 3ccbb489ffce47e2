import * as tf from '@tensorflow/tfjs-core';
import { capture } from '../../dist/engine/capture.js';
import { openEngine } from '../../dist/engine/open.js';
import { median, spread } from './measure.mjs';

/** A training step of a 4-layer decoder (d = 128, 4 heads, batch 32 x 96 tokens, 1M parameters, AdamW): eager and captured. */
export async function bench() {
  const engine = await openEngine();
  print(`${engine.description}, ${engine.threads} threads`);
  const state = startState();
  const eager = await time(20, (current) => tf.tidy(() => trainStep(current)), state);
  print(
    `eager step     ${eager.milliseconds.toFixed(0)} ms (${eager.cpu.toFixed(0)} ms of CPU)  loss ${eager.loss.toFixed(6)}`,
  );
  const started = performance.now();
  const step = capture(trainStep, state);
  const captureSeconds = (performance.now() - started) / 1000;
  const captured = await time(20, step.run, state);
  print(
    `${step.mode} step  ${captured.milliseconds.toFixed(0)} ms (${captured.cpu.toFixed(0)} ms of CPU)  loss ${captured.loss.toFixed(6)}  (captured in ${captureSeconds.toFixed(1)} s)`,
  );
  step.dispose();
  const overhead = await passThrough(state);
  print(`call overhead  ${overhead.toFixed(2)} ms (the same tensors in and out, one addition)`);
  const once = (value) => ({ value, low: value, high: value });
  return {
    ratios: { [`eager / ${step.mode} step of 1M parameters`]: once(eager.milliseconds / captured.milliseconds) },
    times: {
      'eager step': { ...eager.range, unit: 'ms' },
      [`${step.mode} step`]: { ...captured.range, unit: 'ms' },
      'call overhead': { ...once(overhead), unit: 'ms' },
    },
  };
}

const sizes = { layers: 4, width: 128, heads: 4, hidden: 344, words: 300, batch: 32, tokens: 96 };

function startState() {
  const { layers, width, hidden, words, batch, tokens } = sizes;
  const matrices = { embedding: [words, width] };
  for (let layer = 0; layer < layers; layer++) {
    for (const name of ['q', 'k', 'v', 'o']) matrices[`${layer}.${name}`] = [width, width];
    Object.assign(matrices, {
      [`${layer}.gate`]: [width, hidden],
      [`${layer}.up`]: [width, hidden],
      [`${layer}.down`]: [hidden, width],
    });
  }
  const state = {};
  for (const [index, [name, shape]] of Object.entries(matrices).entries()) {
    state[`w/${name}`] = tf.randomNormal(shape, 0, 0.05, 'float32', index + 1);
    state[`m/${name}`] = tf.zeros(shape);
    state[`v/${name}`] = tf.zeros(shape);
  }
  const ids = Array.from({ length: batch * tokens }, (_, index) => (index * 7919) % words);
  return { ...state, ids: tf.tensor2d(ids, [batch, tokens], 'int32'), rate: tf.scalar(1e-3) };
}

function trainStep(state) {
  const names = Object.keys(state).filter((name) => name.startsWith('w/'));
  const weights = names.map((name) => state[name]);
  const loss = (...tensors) =>
    forward(Object.fromEntries(names.map((name, index) => [name.slice(2), tensors[index]])), state.ids);
  const { value, grads } = tf.valueAndGrads(loss)(weights);
  const next = { loss: value };
  for (const [index, name] of names.entries()) {
    const [m, v] = [`m/${name.slice(2)}`, `v/${name.slice(2)}`];
    next[m] = tf.add(tf.mul(state[m], 0.9), tf.mul(grads[index], 0.1));
    next[v] = tf.add(tf.mul(state[v], 0.99), tf.mul(tf.square(grads[index]), 0.01));
    next[name] = tf.sub(state[name], tf.mul(state.rate, tf.div(next[m], tf.add(tf.sqrt(next[v]), 1e-8))));
  }
  return next;
}

function forward(w, ids) {
  const { layers, width, heads, batch, tokens, words } = sizes;
  const mask = tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([tokens, tokens]), -1, 0)), -1e9);
  const split = (x) => tf.transpose(tf.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
  let x = tf.reshape(tf.gather(w.embedding, ids), [batch * tokens, width]);
  for (let layer = 0; layer < layers; layer++) {
    const weight = (name) => w[`${layer}.${name}`];
    const normed = rmsNorm(x);
    const [q, k, v] = ['q', 'k', 'v'].map((name) => split(tf.matMul(normed, weight(name))));
    const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), (width / heads) ** -0.5), mask);
    const mixed = tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3]), [batch * tokens, width]);
    x = tf.add(x, tf.matMul(mixed, weight('o')));
    const again = rmsNorm(x);
    const gate = tf.matMul(again, weight('gate'));
    x = tf.add(x, tf.matMul(tf.mul(tf.mul(gate, tf.sigmoid(gate)), tf.matMul(again, weight('up'))), weight('down')));
  }
  const logits = tf.matMul(rmsNorm(x), w.embedding, false, true);
  const wanted = tf.oneHot(tf.reshape(ids, [-1]), words);
  return tf.mean(tf.sub(tf.logSumExp(logits, -1), tf.sum(tf.mul(logits, wanted), -1)));
}

function rmsNorm(x) {
  return tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-6)));
}

/** Medians of the steps after the third: wall clock, and CPU time, which a busy machine changes less. */
async function time(steps, run, start) {
  let state = start;
  const durations = [];
  const spentCpu = [];
  let loss = Number.NaN;
  for (let step = 0; step < steps; step++) {
    const [begun, cpu] = [performance.now(), process.cpuUsage()];
    const next = run(state);
    [loss] = next.loss.dataSync();
    durations.push(performance.now() - begun);
    const { user, system } = process.cpuUsage(cpu);
    spentCpu.push((user + system) / 1000);
    const { loss: spent, ...rest } = next;
    tf.dispose(spent);
    if (state !== start) for (const name of Object.keys(rest)) tf.dispose(state[name]);
    state = { ...start, ...rest };
  }
  const range = spread(durations.slice(3));
  return { milliseconds: range.value, range, cpu: median(spentCpu.slice(3)), loss };
}

async function passThrough(state) {
  const step = capture((x) => ({ ...x, loss: tf.add(x.rate, 1) }), state);
  const { milliseconds } = await time(50, step.run, state);
  step.dispose();
  return milliseconds;
}

function print(line) {
  process.stderr.write(`${line}\n`);
}
