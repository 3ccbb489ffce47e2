import * as tf from '@tensorflow/tfjs-core';

/**
 * An op with a hand-derived gradient. `forward` computes from `inputs` and says what `backward` needs;
 * `backward` returns one gradient per input, in order. Tensors that are not listed in `inputs` are constants.
 */
export function withGradient<const S extends readonly tf.Tensor[], R extends tf.Rank = tf.Rank>(
  inputs: readonly tf.Tensor[],
  forward: () => Readonly<{ value: tf.Tensor<R>; saved: S }>,
  backward: (dy: tf.Tensor<R>, saved: S) => tf.Tensor[],
): tf.Tensor<R> {
  const op = tf.customGrad<tf.Tensor<R>>((...args) => {
    const save = args[args.length - 1] as tf.GradSaveFunc;
    const { value, saved } = forward();
    save([...saved]);
    return { value, gradFunc: (dy, kept) => backward(dy, kept as unknown as S) };
  });
  return op(...inputs);
}

/** Computes a constant: nothing inside is recorded for gradients, and nothing but the result is kept. */
export function constant(compute: () => tf.Tensor): tf.Tensor {
  return withGradient(
    [],
    () => ({ value: compute(), saved: [] }),
    () => [],
  );
}
