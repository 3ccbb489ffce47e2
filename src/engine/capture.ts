import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { ProblemError, suggest } from '../problem.ts';
import { type TensorFlowBackend, tensorFlowBackend } from './binding.ts';
import { record, type TensorMap } from './record.ts';
import { encodeSavedModel } from './saved-model.ts';

export type { TensorMap } from './record.ts';

/** A function of tensors that is quick to run again on inputs of the same shapes. */
export type Captured = Readonly<{
  /** `captured`: runs as a TensorFlow graph; `eager`: calls the function */
  mode: 'captured' | 'eager';
  /** The caller owns the outputs: each is a tensor of its own, also where the function returns an input. */
  run(inputs: TensorMap): TensorMap;
  dispose(): void;
}>;

type Loaded = Readonly<{ model: number; inputs: string; outputs: string; outputNames: readonly string[] }>;

const settings = ['on', 'off'] as const;

/**
 * How `capture` runs functions here: as TensorFlow graphs, or eagerly without TensorFlow and with SEA_CAPTURE=off.
 * Throws ProblemError when SEA_CAPTURE is something else.
 */
export function captureMode(): Captured['mode'] {
  const asked = process.env['SEA_CAPTURE'] ?? 'on';
  if (!settings.some((setting) => setting === asked)) {
    throw new ProblemError({
      code: 'unknown-setting',
      message: `SEA_CAPTURE is "${asked}"; it is on or off`,
      hint: suggest(asked, settings),
    });
  }
  return asked === 'on' && tensorFlowBackend() !== undefined ? 'captured' : 'eager';
}

/** Graphs that one captured function may hold: every new set of shapes is a new one. */
const maxGraphs = 16;

/**
 * Captures `fn` as a TensorFlow graph, by recording the operations of one call on `example`. `fn` must be pure: tensors
 * in, tensors out; a tensor it closes over is copied into the graph, a value it reads in JavaScript is an error, and
 * whatever else JavaScript computes stays as it was in the first call. Inputs of other shapes are captured when they
 * come. Where there is no TensorFlow, or with SEA_CAPTURE=off, it calls `fn`.
 */
export function capture(fn: (inputs: TensorMap) => TensorMap, example: TensorMap): Captured {
  const backend = tensorFlowBackend();
  if (backend === undefined || captureMode() === 'eager') return eager(fn);
  const graphs = new Map<string, Loaded>();
  const names = Object.keys(example);
  if (names.length === 0) throw new Error('a captured function needs at least one input');
  let disposed = false;

  const graphFor = (inputs: TensorMap): Loaded => {
    const signature = signatureOf(names, inputs);
    const found = graphs.get(signature);
    if (found !== undefined) return found;
    if (graphs.size === maxGraphs) {
      throw new Error(`a captured function saw more than ${maxGraphs} sets of shapes; the last: ${signature}`);
    }
    const loaded = load(fn, pick(names, inputs), backend);
    graphs.set(signature, loaded);
    return loaded;
  };

  graphFor(example);
  return {
    mode: 'captured',
    run(inputs) {
      if (disposed) throw new Error('the captured function is disposed');
      const { model, inputs: fed, outputs, outputNames } = graphFor(inputs);
      const ids = backend.getInputTensorIds(Object.values(pick(names, inputs)));
      const handles = backend.binding.runSavedModel(model, ids, fed, outputs);
      return Object.fromEntries(
        handles.map((handle, index) => [outputNames[index], backend.createOutputTensor(handle)]),
      );
    },
    dispose() {
      disposed = true;
      for (const { model } of graphs.values()) backend.binding.deleteSavedModel(model);
      graphs.clear();
    },
  };
}

function eager(fn: (inputs: TensorMap) => TensorMap): Captured {
  return {
    mode: 'eager',
    run(inputs) {
      return tf.tidy(() => {
        const taken = new Set<Tensor>(Object.values(inputs));
        const entries = Object.entries(fn(inputs)).map(([name, tensor]) => {
          const own = taken.has(tensor) ? tensor.clone() : tensor;
          taken.add(own);
          return [name, own] as const;
        });
        return Object.fromEntries(entries);
      });
    },
    dispose() {},
  };
}

function load(fn: (inputs: TensorMap) => TensorMap, inputs: TensorMap, backend: TensorFlowBackend): Loaded {
  const { graph, outputNames } = record(fn, inputs, backend);
  const folder = mkdtempSync(join(tmpdir(), 'seagraph-step-'));
  try {
    writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(graph, backend.binding));
    const model = backend.binding.loadSavedModel(folder, 'serve');
    const ports = (nodes: readonly string[]) => nodes.map((name) => `${name}:0`).join(',');
    return { model, inputs: ports(graph.inputs), outputs: ports(graph.outputs), outputNames };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The inputs in the order of the example; a missing one is named. */
function pick(names: readonly string[], inputs: TensorMap): TensorMap {
  return Object.fromEntries(names.map((name) => [name, given(inputs, name)]));
}

function signatureOf(names: readonly string[], inputs: TensorMap): string {
  const extra = Object.keys(inputs).find((name) => !names.includes(name));
  if (extra !== undefined) throw new Error(`"${extra}" is no input of the captured function (${names.join(', ')})`);
  return names.map((name) => `${name}:${given(inputs, name).dtype}[${given(inputs, name).shape}]`).join(' ');
}

function given(inputs: TensorMap, name: string): Tensor {
  const tensor = inputs[name];
  if (tensor === undefined) throw new Error(`the captured function was run without its input "${name}"`);
  return tensor;
}
