import type * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../data/config.ts';
import { activate } from './activation.ts';
import { linearShapes } from './encoder.ts';
import { linear } from './linear.ts';
import type { Shapes, Weights } from './weights.ts';

export type ProjectorConfig = Readonly<{ input: number; middle: number; output: number; activation: Activation }>;

/** LLaVA's adapter, linear - activation - linear: image features [..., input] -> visual tokens [..., output]. */
export function projectFeatures(weights: Weights, features: tf.Tensor, activation: Activation): tf.Tensor {
  return linear(weights, 'linear_2', activate(activation, linear(weights, 'linear_1', features)));
}

export function projectorShapes({ input, middle, output }: ProjectorConfig): Shapes {
  return { ...linearShapes('linear_1', middle, input), ...linearShapes('linear_2', output, middle) };
}
