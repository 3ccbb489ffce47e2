import * as tf from '@tensorflow/tfjs-core';
import type { TextConfig } from '../data/config.ts';
import { causalMask } from './attention.ts';
import { takeRows } from './embedding.ts';
import { encoderBlock, encoderBlockShapes, linearShapes, normShapes } from './encoder.ts';
import { linear, project } from './linear.ts';
import { layerNorm } from './norm.ts';
import { type Shapes, type Weights, weight } from './weights.ts';

/**
 * Last hidden state of the text tower before its final norm: ids [B, T] -> [B, T, hidden], or [B, M, hidden] at the flat
 * positions `read` [B, M]. CLIP is causal, SigLIP sees both ways; neither hides padding (ids are padded to the context
 * length as the tower was trained).
 */
function textStates(weights: Weights, ids: tf.Tensor, config: TextConfig, read?: tf.Tensor): tf.Tensor {
  const length = ids.shape[1] as number;
  const table = weight(weights, 'text_model.embeddings.position_embedding.weight');
  const positions = tf.slice(table, [0, 0], [length, config.hidden]);
  const mask = config.family === 'clip' ? { mask: causalMask(length) } : {};
  let x = tf.add(takeRows(weight(weights, 'text_model.embeddings.token_embedding.weight'), ids), positions);
  for (let i = 0; i < config.layers; i++) {
    const ending = read !== undefined && i === config.layers - 1 ? { read } : {};
    x = encoderBlock(weights, `text_model.encoder.layers.${i}`, x, config, { ...mask, ...ending });
  }
  return x;
}

function finalNorm(weights: Weights, x: tf.Tensor, config: TextConfig): tf.Tensor {
  return layerNorm(weights, 'text_model.final_layer_norm', x, config.layerNormEps);
}

/** `last_hidden_state` [B, T, hidden], after the final norm. */
export function textLastHidden(weights: Weights, ids: tf.Tensor, config: TextConfig): tf.Tensor {
  return finalNorm(weights, textStates(weights, ids, config), config);
}

/** `text_embeds` [B, shared dim], not normalised. CLIP pools at the first end-of-text, SigLIP at the last position. */
export function textEmbeds(weights: Weights, ids: tf.Tensor, config: TextConfig): tf.Tensor {
  return tf.tidy(() => {
    const [batch, length] = ids.shape as [number, number];
    const first = tf.mul(tf.range(0, batch, 1, 'int32'), length); // row of each text's first token
    const end = config.family === 'clip' ? endOfText(ids, config) : tf.scalar(length - 1, 'int32');
    const states = textStates(weights, ids, config, tf.reshape(tf.add(first, end), [batch, 1]));
    const pooled = finalNorm(weights, tf.reshape(states, [batch, config.hidden]), config);
    return config.family === 'clip'
      ? project(weights, 'text_projection', pooled)
      : linear(weights, 'text_model.head', pooled);
  });
}

/** Position of the first end-of-text id, [B]. Old configs say eos 2, which means the highest id of the text. */
function endOfText(ids: tf.Tensor, config: TextConfig): tf.Tensor {
  const length = ids.shape[1] as number;
  const eos = config.eos === 2 ? tf.max(ids, 1, true) : tf.scalar(config.eos, 'int32');
  // the earliest match gets the highest score, so that no tie is left to the backend
  const earliest = tf.mul(tf.cast(tf.equal(ids, eos), 'float32'), tf.range(length, 0, -1, 'float32'));
  return tf.cast(tf.argMax(earliest, 1), 'int32');
}

/** Parameter names and shapes of the text tower with its map into the shared space. */
export function textShapes(config: TextConfig): Shapes {
  const { hidden, projection } = config;
  const name = 'text_model';
  const blocks = Array.from({ length: config.layers }, (_, i) =>
    encoderBlockShapes(`${name}.encoder.layers.${i}`, config),
  );
  const head: Shapes =
    config.family === 'clip'
      ? { 'text_projection.weight': [projection, hidden] }
      : linearShapes(`${name}.head`, projection, hidden);
  return {
    [`${name}.embeddings.token_embedding.weight`]: [config.vocab, hidden],
    [`${name}.embeddings.position_embedding.weight`]: [config.positions, hidden],
    ...Object.assign({}, ...blocks),
    ...normShapes(`${name}.final_layer_norm`, hidden),
    ...head,
  };
}
