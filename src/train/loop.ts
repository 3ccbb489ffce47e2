import { setImmediate as turn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { Compile, Compiled, TensorMap } from '../nn/compile.ts';
import { prefixed, type Weights } from '../nn/weights.ts';
import { ProblemError } from '../problem.ts';
import { loadState, saveState } from './saved-state.ts';
import { rateAt, type Schedule } from './schedule.ts';
import { freshState, makeStep, named, type StepSpec, scalarsAt } from './step.ts';

/** What one step measured: `losses.total` and its parts (mean over micro-batches), the schedule's factor, the gradient norm. */
export type StepReport = Readonly<{
  step: number;
  of: number;
  losses: Readonly<Record<string, number>>;
  rate: number;
  norm: number;
}>;

export type Training = Readonly<{
  /** all weights of the model; they are neither changed nor disposed */
  weights: Weights;
  spec: StepSpec;
  schedule: Schedule;
  /**
   * The batch of a step and micro-batch as tensors; they are disposed after use. Its draws must come from streams keyed
   * by the step: a resumed run then sees the same batches.
   */
  batch(step: number, micro: number): TensorMap | Promise<TensorMap>;
  compile: Compile;
  /** where the state is kept between runs, and how often it is written */
  scratch: Readonly<{ folder: string; everySeconds?: number; everySteps?: number }>;
  signal?: AbortSignal;
  report?(report: StepReport): void;
}>;

const DEFAULT_SECONDS = 20;

/**
 * Trains for `schedule.totalSteps` steps, from the scratch folder's state where an interrupted run left one: the result
 * is bit-identical to an undisturbed run's. Returns all weights; the trained ones are new and the caller disposes them.
 * A loss or gradient that is not a number stops it with a ProblemError; the saved state is from before that step.
 * When the signal aborts, the state is saved and the signal's reason thrown.
 */
export async function train(training: Training): Promise<Weights> {
  const { spec, schedule, scratch, signal } = training;
  const programs = compilePrograms(training.compile, spec);
  let { step, state } = await startingState(training);
  let saved = { at: performance.now(), step };
  const save = async (): Promise<void> => {
    await saveState(scratch.folder, step, state);
    saved = { at: performance.now(), step };
  };
  try {
    for (; step < schedule.totalSteps; ) {
      await turn(); // lets an interrupt be heard
      if (signal?.aborted === true) {
        await save();
        throw signal.reason;
      }
      const { next, report } = await oneStep(training, programs, state, step);
      tf.dispose(state);
      state = next;
      step++;
      training.report?.(report);
      const due = (performance.now() - saved.at) / 1000 >= (scratch.everySeconds ?? DEFAULT_SECONDS);
      if (due || step - saved.step >= (scratch.everySteps ?? Number.POSITIVE_INFINITY)) await save();
    }
    return { ...training.weights, ...released(state, spec) };
  } catch (error) {
    tf.dispose(state);
    throw error;
  } finally {
    programs.dispose();
  }
}

/** The trained weights; the optimiser's state is disposed. */
function released(state: TensorMap, spec: StepSpec): Weights {
  const trained = named(state, 'weight/');
  const kept = new Set(spec.trainable.map((name) => `weight/${name}`));
  tf.dispose(Object.entries(state).flatMap(([name, tensor]) => (kept.has(name) ? [] : [tensor])));
  return trained;
}

/** Trainable weights and optimiser state, saved or fresh; always tensors of its own. */
async function startingState({ weights, spec, scratch }: Training): Promise<{ step: number; state: TensorMap }> {
  const fresh: TensorMap = {
    ...freshState(spec, weights),
    ...Object.fromEntries(spec.trainable.map((name) => [`weight/${name}`, tf.clone(weights[name] as tf.Tensor)])),
  };
  const found = await loadState(scratch.folder);
  if (found === undefined) return { step: 0, state: fresh };
  const describe = (map: TensorMap): string =>
    Object.keys(map)
      .sort()
      .map((name) => `${name}[${map[name]?.shape}]`)
      .join(' ');
  if (describe(found.tensors) !== describe(fresh)) {
    throw new Error(
      `${scratch.folder} holds the state of another training: ${describe(found.tensors)}, not ${describe(fresh)}`,
    );
  }
  tf.dispose(fresh);
  return { step: found.step, state: found.tensors };
}

type Programs = Readonly<{
  whole(x: TensorMap): TensorMap;
  gradient(x: TensorMap): TensorMap;
  apply(x: TensorMap): TensorMap;
  dispose(): void;
}>;

/** A program of every part of the step for each set of inputs (the first micro-batch has no sums to add to). */
function compilePrograms(compile: Compile, spec: StepSpec): Programs {
  const step = makeStep(spec);
  const made = new Map<string, Compiled>();
  const program = (name: 'whole' | 'gradient' | 'apply') => (x: TensorMap) => {
    const signature = `${name} ${Object.keys(x).join(' ')}`;
    const known = made.get(signature) ?? compile(step[name], x);
    made.set(signature, known);
    return known.run(x);
  };
  return {
    whole: program('whole'),
    gradient: program('gradient'),
    apply: program('apply'),
    dispose: () => {
      for (const compiled of made.values()) compiled.dispose();
    },
  };
}

async function oneStep(
  training: Training,
  programs: Programs,
  state: TensorMap,
  step: number,
): Promise<{ next: TensorMap; report: StepReport }> {
  const { spec, schedule, weights } = training;
  const factor = rateAt(schedule, step);
  const scalars = scalarsAt(spec, step, factor);
  const frozen = Object.fromEntries(Object.entries(prefixed('weight/', weights)).filter(([name]) => !(name in state)));
  const accumulation = spec.accumulation ?? 1;
  let out: TensorMap;
  let losses: Record<string, number>;
  if (accumulation === 1) {
    const batch = prefixed('batch/', await training.batch(step, 0));
    out = programs.whole({ ...frozen, ...state, ...scalars, ...batch });
    tf.dispose(batch);
    losses = await takeLosses(out);
  } else {
    const summed = await accumulate(training, programs, { ...frozen, ...state }, step, accumulation);
    out = programs.apply({ ...frozen, ...state, ...scalars, ...summed.sums });
    tf.dispose(summed.sums);
    losses = summed.losses;
  }
  tf.dispose(scalars);
  const { norm, ...rest } = out;
  const next = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('loss/')));
  const size = (await (norm as tf.Tensor).data())[0] as number;
  (norm as tf.Tensor).dispose();
  stopUnlessFinite(step, { ...losses, 'gradient norm': size }, next);
  return { next, report: { step, of: schedule.totalSteps, losses, rate: factor, norm: size } };
}

/** Gradients of all micro-batches added up, and the mean of their losses. */
async function accumulate(
  training: Training,
  programs: Programs,
  fixed: TensorMap,
  step: number,
  count: number,
): Promise<{ sums: TensorMap; losses: Record<string, number> }> {
  let sums: TensorMap = {};
  const mean: Record<string, number> = {};
  for (let micro = 0; micro < count; micro++) {
    const batch = prefixed('batch/', await training.batch(step, micro));
    const out = programs.gradient({ ...fixed, ...batch, ...sums });
    tf.dispose([batch, sums]);
    for (const [name, value] of Object.entries(await takeLosses(out))) mean[name] = (mean[name] ?? 0) + value / count;
    sums = prefixed('sum/', named(out, 'sum/'));
  }
  return { sums, losses: mean };
}

/** Reads the losses of an output, by their names, and disposes their tensors. */
async function takeLosses(out: TensorMap): Promise<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const [name, tensor] of Object.entries(named(out, 'loss/'))) {
    values[name] = (await tensor.data())[0] as number;
    tensor.dispose();
  }
  return values;
}

function stopUnlessFinite(step: number, values: Readonly<Record<string, number>>, next: TensorMap): void {
  const bad = Object.entries(values).filter(([, value]) => !Number.isFinite(value));
  if (bad.length === 0) return;
  tf.dispose(next);
  throw new ProblemError({
    code: 'not-finite',
    message: `step ${step}: ${bad.map(([name, value]) => `${name} is ${value}`).join(', ')}`,
    hint: 'lower the learning rate or clip gradients; the state from before this step is kept',
  });
}
