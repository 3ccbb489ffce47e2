import * as tf from '@tensorflow/tfjs-core';
import type { TensorMap } from '../nn/compile.ts';
import type { Weights } from '../nn/weights.ts';
import { ADAMW, type AdamW, adamwUpdate, clipFactor, corrections, jointNorm } from './adamw.ts';
import { MUON, type Muon, muonUpdate } from './muon.ts';
import { groupOf } from './trainable.ts';

/** Parameters that share an optimiser and a learning rate; a parameter belongs to the first group that matches. */
export type Group = Readonly<{ match: readonly string[]; rate: number }> &
  Readonly<({ optimiser: 'adamw' } & Partial<AdamW>) | ({ optimiser: 'muon' } & Partial<Muon>)>;

/** A scalar to descend, and the scalars it is made of, to be logged. */
export type Losses = Readonly<{ total: tf.Tensor; parts?: Readonly<Record<string, tf.Tensor>> }>;

export type StepSpec = Readonly<{
  /** pure, reads no value back to JavaScript: it may be compiled */
  loss(weights: Weights, batch: TensorMap): Losses;
  /** names of the weights that change; all others are constants */
  trainable: readonly string[];
  groups: readonly Group[];
  /** largest joint norm of the gradients; absent: no clipping */
  clip?: number;
  /** micro-batches per update, whose gradients are averaged; default 1 */
  accumulation?: number;
}>;

/**
 * One update as pure functions of named tensors, ready to be compiled. Inputs: `weight/NAME` of every weight, `m/NAME`
 * and `v/NAME` (optimiser state), `batch/NAME`, and the scalars of `scalarsAt`. `whole` does it all; with accumulation,
 * `gradient` runs per micro-batch (adding to `sum/NAME` where given) and `apply` once.
 * Outputs: new weights and state, `loss/total`, `loss/PART`, and `norm` of the gradients before clipping.
 */
export type Step = Readonly<{
  whole(x: TensorMap): TensorMap;
  gradient(x: TensorMap): TensorMap;
  apply(x: TensorMap): TensorMap;
}>;

export function makeStep(spec: StepSpec): Step {
  return {
    whole: (x) => {
      const { gradients, losses } = gradientsOf(spec, x, 1);
      return { ...losses, ...updated(spec, x, gradients) };
    },
    gradient: (x) => {
      const { gradients, losses } = gradientsOf(spec, x, spec.accumulation ?? 1);
      const sums = Object.entries(gradients).map(([name, gradient]) => {
        const before = x[`sum/${name}`];
        return [`sum/${name}`, before === undefined ? gradient : tf.add(before, gradient)];
      });
      return { ...losses, ...Object.fromEntries(sums) };
    },
    apply: (x) => updated(spec, x, named(x, 'sum/')),
  };
}

/** The tensors whose names begin with `prefix`, without it. */
export function named(x: TensorMap, prefix: string): Record<string, tf.Tensor> {
  const entries = Object.entries(x).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(entries.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

type Gradients = Readonly<{ gradients: Record<string, tf.Tensor>; losses: Record<string, tf.Tensor> }>;

/** Gradients by name, divided by `share`; a weight that the loss does not reach has none. */
function gradientsOf(spec: StepSpec, x: TensorMap, share: number): Gradients {
  const weights = named(x, 'weight/');
  const batch = named(x, 'batch/');
  const names = spec.trainable;
  const through = names.map((name) => weights[name] as tf.Tensor);
  const losses: Record<string, tf.Tensor> = {};
  const forward = (): tf.Scalar => {
    const { total, parts } = spec.loss(weights, batch);
    // kept beyond the forward pass, whose other tensors are released at its end
    for (const [part, value] of Object.entries(parts ?? {})) losses[`loss/${part}`] = tf.keep(tf.clone(value));
    losses['loss/total'] = tf.keep(tf.clone(total));
    return (share === 1 ? total : tf.div(total, share)) as tf.Scalar;
  };
  const { value, grads } = tf.engine().gradients(forward, through, undefined, true);
  value.dispose();
  const reached = names.flatMap((name, i) => {
    const gradient = grads[i] as tf.Tensor | null | undefined;
    return gradient == null ? [] : [[name, gradient] as const];
  });
  if (reached.length === 0) throw new Error(`the loss reaches none of the trainable weights: ${names.join(', ')}`);
  return { gradients: Object.fromEntries(reached), losses: released(losses) };
}

/** The same values, owned by the enclosing tidy again. */
function released(kept: Record<string, tf.Tensor>): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(kept).map(([name, tensor]) => {
      const own = tf.clone(tensor);
      tensor.dispose();
      return [name, own];
    }),
  );
}

/** New weights and optimiser state; what has no gradient stays as it is (decay included, as in torch). */
function updated(spec: StepSpec, x: TensorMap, gradients: Record<string, tf.Tensor>): TensorMap {
  const norm = jointNorm(Object.values(gradients));
  const factor = spec.clip === undefined ? undefined : clipFactor(norm, spec.clip);
  const out: Record<string, tf.Tensor> = { norm };
  for (const name of spec.trainable) {
    const raw = gradients[name];
    const next =
      raw === undefined ? unchanged(x, name) : changed(spec, x, name, factor === undefined ? raw : tf.mul(raw, factor));
    for (const [key, tensor] of Object.entries(next)) out[`${key}/${name}`] = tensor;
  }
  return out;
}

function unchanged(x: TensorMap, name: string): Record<string, tf.Tensor> {
  const present = ['weight', 'm', 'v'].filter((key) => x[`${key}/${name}`] !== undefined);
  return Object.fromEntries(present.map((key) => [key, tf.clone(x[`${key}/${name}`] as tf.Tensor)]));
}

function changed(spec: StepSpec, x: TensorMap, name: string, gradient: tf.Tensor): Record<string, tf.Tensor> {
  const group = groupOf(spec.groups, name);
  const at = (key: string): tf.Tensor => {
    const tensor = x[key];
    if (tensor === undefined) throw new Error(`the step was given no "${key}"`);
    return tensor;
  };
  const weight = at(`weight/${name}`);
  const m = at(`m/${name}`);
  const rate = tf.mul(at('rate'), group.rate);
  if (group.optimiser === 'muon') return muonUpdate({ ...MUON, ...group }, { weight, gradient, m }, rate);
  const index = spec.groups.indexOf(group);
  const scalars = { rate, first: at(`first/${index}`), second: at(`second/${index}`) };
  return adamwUpdate({ ...ADAMW, ...group }, { weight, gradient, m, v: at(`v/${name}`) }, scalars);
}

/** Optimiser state before the first step: zeros. */
export function freshState(spec: StepSpec, weights: Weights): Record<string, tf.Tensor> {
  const state: Record<string, tf.Tensor> = {};
  for (const name of spec.trainable) {
    const weight = weights[name];
    if (weight === undefined) throw new Error(`there is no weight "${name}" to train`);
    state[`m/${name}`] = tf.zerosLike(weight);
    if (groupOf(spec.groups, name).optimiser === 'adamw') state[`v/${name}`] = tf.zerosLike(weight);
  }
  return state;
}

/** The scalars of step 0, 1, 2, ...: `rate` is the schedule's factor; AdamW's corrections are one pair per group. */
export function scalarsAt(spec: StepSpec, step: number, factor: number): Record<string, tf.Tensor> {
  const scalars: Record<string, tf.Tensor> = { rate: tf.scalar(factor) };
  spec.groups.forEach((group, i) => {
    if (group.optimiser !== 'adamw') return;
    const { first, second } = corrections({ ...ADAMW, ...group }, step + 1);
    scalars[`first/${i}`] = tf.scalar(first);
    scalars[`second/${i}`] = tf.scalar(second);
  });
  return scalars;
}
