import { availableParallelism } from 'node:os';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { ProblemError, suggest } from '../problem.ts';
import { linkedEngine } from '../setup/link.mjs';
import { tensorFlowBackend } from './binding.ts';
import { vectorInstructions } from './instructions.ts';
import { replaceKernels } from './tensorflow-kernels.ts';
import { completeWasmKernels, quickenWasmMatMul } from './wasm-kernels.ts';

export type EngineRequest = 'auto' | 'node' | 'gpu' | 'wasm';

export type Engine = Readonly<{
  name: 'tensorflow' | 'wasm';
  /** recorded with every number it makes: `tensorflow 2.21.0 cpu avx512` */
  description: string;
  threads: number;
  gpu: boolean;
  /** bytes: the most memory that this process held so far */
  peakMemory(): number;
}>;

const requests: readonly EngineRequest[] = ['auto', 'node', 'gpu', 'wasm'];

let opened: { request: EngineRequest; engine: Promise<Engine> } | undefined;

/**
 * Opens the engine that computes tensors, once for a process; without a request SEA_ENGINE decides.
 * `auto` takes what set-up linked. An engine that was asked for and is missing is a ProblemError, never another engine.
 */
export async function openEngine(request: EngineRequest = requestedEngine()): Promise<Engine> {
  opened ??= { request, engine: open(request) };
  if (opened.request !== request) {
    throw new Error(`the engine is open as "${opened.request}" and cannot become "${request}"`);
  }
  return opened.engine;
}

function requestedEngine(): EngineRequest {
  const asked = process.env['SEA_ENGINE'] ?? 'auto';
  const known = requests.find((request) => request === asked);
  if (known !== undefined) return known;
  throw new ProblemError({
    code: 'unknown-engine',
    message: `SEA_ENGINE is "${asked}", which is no engine`,
    hint: suggest(asked, requests),
  });
}

async function open(request: EngineRequest): Promise<Engine> {
  const linked = linkedEngine();
  if (request === 'wasm' || (request === 'auto' && linked === undefined)) return openWasm();
  if (linked === undefined) {
    throw missing(request, 'TensorFlow is not linked here', 'run `npm run setup`, which says what it lacks');
  }
  // The CPU was asked for: with its devices hidden TensorFlow does not start CUDA at all.
  if (request === 'node') process.env['CUDA_VISIBLE_DEVICES'] = '-1';
  const engine = await openTensorFlow();
  if (request === 'gpu' && !engine.gpu) {
    const hint = linked.cuda
      ? '`nvidia-smi` shows what the driver sees'
      : 'run `npm run setup` on the machine with the GPU: the linked library is for CPUs';
    throw missing(request, 'TensorFlow found no GPU', hint);
  }
  return engine;
}

function missing(request: EngineRequest, message: string, hint: string): ProblemError {
  return new ProblemError({ code: 'engine-missing', message: `engine "${request}": ${message}`, hint });
}

async function openTensorFlow(): Promise<Engine> {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  restoreRemovedUtil();
  try {
    await import('@tensorflow/tfjs-node-gpu');
  } catch (error) {
    throw missing(
      'node',
      `the addon does not load (${String(error).split('\n')[0]})`,
      'run `npm run setup -- --retry`',
    );
  }
  await tf.setBackend('tensorflow');
  const backend = tensorFlowBackend();
  if (backend === undefined) throw new Error(`the backend is "${tf.getBackend()}", not TensorFlow`);
  tf.enableProdMode();
  replaceKernels();
  const gpu = backend.isUsingGpuDevice;
  return {
    name: 'tensorflow',
    description: `tensorflow ${backend.binding.TF_Version} ${gpu ? 'gpu' : `cpu ${vectorInstructions()}`}`,
    threads: Number(process.env['TF_NUM_INTRAOP_THREADS'] ?? availableParallelism()),
    gpu,
    peakMemory,
  };
}

async function openWasm(): Promise<Engine> {
  await import('@tensorflow/tfjs');
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend('wasm')))
    throw missing('wasm', 'the WebAssembly backend does not start', 'run `npm run setup`');
  tf.enableProdMode();
  completeWasmKernels();
  quickenWasmMatMul();
  return { name: 'wasm', description: `wasm ${wasm.version_wasm}`, threads: 1, gpu: false, peakMemory };
}

/** Node 23 removed functions that tfjs-node 4.22 still calls. */
function restoreRemovedUtil(): void {
  const old = util as unknown as Record<string, unknown>;
  old['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  old['isArray'] ??= Array.isArray;
}

function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024;
}
