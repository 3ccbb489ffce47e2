import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../data/config.ts';
import { withGradient } from './with-gradient.ts';

/**
 * Every activation here is y = x h(x): `gate` is h, `slope` is the derivative h + x h'(x) given x, h and y.
 * That one shape serves the plain form and the gated one (SwiGLU, GeGLU).
 */
type Gate = Readonly<{ gate(x: tf.Tensor): tf.Tensor; slope(x: tf.Tensor, h: tf.Tensor, y: tf.Tensor): tf.Tensor }>;

/** h = sigmoid(a x), so x h' = a y (1 - h). */
function logistic(a: number): Gate {
  const scaled = (x: tf.Tensor) => (a === 1 ? x : tf.mul(x, a));
  return {
    gate: (x) => tf.sigmoid(scaled(x)),
    slope: (_, h, y) => tf.add(h, tf.mul(scaled(y), tf.sub(1, h))),
  };
}

const ROOT = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

const GATES: Readonly<Record<Activation, Gate>> = {
  silu: logistic(1),
  quick_gelu: logistic(1.702),
  // (1 + tanh z) / 2 = sigmoid(2 z) with z = sqrt(2/pi) (x + 0.044715 x^3)
  gelu_pytorch_tanh: {
    gate: (x) => tf.sigmoid(tf.mul(x, tf.add(tf.mul(tf.square(x), 2 * ROOT * CUBIC), 2 * ROOT))),
    slope: (x, h, y) => {
      const inner = tf.add(tf.mul(tf.square(x), 6 * ROOT * CUBIC), 2 * ROOT);
      return tf.add(h, tf.mul(tf.mul(y, tf.sub(1, h)), inner));
    },
  },
  // h is the normal distribution function, h' its density
  gelu: {
    gate: (x) => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5),
    slope: (x, h) => {
      const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return tf.add(h, tf.mul(x, density));
    },
  },
  relu: { gate: (x) => tf.step(x), slope: (_, h) => h },
};

/** The activation of that Hugging Face name, element by element. */
export function activate(name: Activation, x: tf.Tensor): tf.Tensor {
  const { gate, slope } = GATES[name];
  return withGradient(
    [x],
    () => {
      const h = gate(x);
      const y = tf.mul(x, h);
      return { value: y, saved: [x, h, y] };
    },
    (dy, [input, h, y]) => [tf.mul(dy, slope(input, h, y))],
  );
}

/** act(g) * u, the gated feed-forward's middle (SwiGLU for `silu`, GeGLU for the GELUs). */
export function activateGated(name: Activation, g: tf.Tensor, u: tf.Tensor): tf.Tensor {
  const { gate, slope } = GATES[name];
  return withGradient(
    [g, u],
    () => {
      const h = gate(g);
      const active = tf.mul(g, h);
      return { value: tf.mul(active, u), saved: [g, u, h, active] };
    },
    (dy, [input, up, h, active]) => [tf.mul(tf.mul(dy, up), slope(input, h, active)), tf.mul(dy, active)],
  );
}
