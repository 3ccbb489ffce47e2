import * as tf from '@tensorflow/tfjs-core';

/** A^-1/2 of a positive matrix by the coupled Newton iteration (Denman and Beavers), which needs products only. */
export function inverseRoot(matrix: tf.Tensor2D, rounds = 40): tf.Tensor2D {
  return tf.tidy(() => {
    const scale = tf.norm(matrix);
    const identity = tf.eye(matrix.shape[0]);
    let root = tf.div(matrix, scale) as tf.Tensor2D;
    let inverse = identity as tf.Tensor2D;
    for (let round = 0; round < rounds; round++) {
      const half = tf.mul(tf.sub(tf.mul(identity, 3), tf.matMul(inverse, root)), 0.5) as tf.Tensor2D;
      root = tf.matMul(root, half);
      inverse = tf.matMul(half, inverse);
    }
    return tf.div(inverse, tf.sqrt(scale)) as tf.Tensor2D;
  });
}
