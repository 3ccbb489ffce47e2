import * as tf from '@tensorflow/tfjs-core';
import { gridSide, type VisionConfig } from '../data/config.ts';
import { attend, joinHeads, splitHeads } from './attention.ts';
import { encoderBlock, encoderBlockShapes, linearShapes, mlp, normShapes } from './encoder.ts';
import { linear, multiply, project } from './linear.ts';
import { layerNorm } from './norm.ts';
import { type Shapes, type Weights, weight } from './weights.ts';

/**
 * Hidden states of a CLIP or SigLIP image tower, each [B, N (+ 1 for CLIP's class token), hidden]: the embeddings
 * (CLIP: after `pre_layrnorm`), then the output of every block up to `blocks` (default all). `pixels` is
 * [B, 3, H, W] or [B, H, W, 3], normalised. Nothing here is after `post_layernorm`.
 */
export function visionHidden(
  weights: Weights,
  pixels: tf.Tensor,
  config: VisionConfig,
  blocks = config.layers,
): readonly tf.Tensor[] {
  const hidden = [visionEmbeddings(weights, pixels, config)];
  for (let i = 0; i < blocks; i++) {
    const x = hidden[i] as tf.Tensor;
    hidden.push(encoderBlock(weights, `vision_model.encoder.layers.${i}`, x, config));
  }
  return hidden;
}

/** What an adapter reads: hidden state `layer` (-1 the last block's output, -2 LLaVA's) without the class token, [B, N, hidden]. */
export function visionFeatures(weights: Weights, pixels: tf.Tensor, config: VisionConfig, layer: number): tf.Tensor {
  const index = layer < 0 ? config.layers + 1 + layer : layer;
  if (index < 0 || index > config.layers) throw new Error(`layer ${layer} of a tower with ${config.layers} blocks`);
  return tf.tidy(() => patchTokens(visionHidden(weights, pixels, config, index)[index] as tf.Tensor, config));
}

/** Drops CLIP's class token: [B, 1 + N, d] -> [B, N, d]; SigLIP has none. */
export function patchTokens(x: tf.Tensor, config: VisionConfig): tf.Tensor {
  const [batch, tokens, dim] = x.shape as [number, number, number];
  return config.family === 'clip' ? tf.slice(x, [0, 1, 0], [batch, tokens - 1, dim]) : x;
}

/** `image_embeds` [B, shared dim], not normalised, from the last hidden state. */
export function imageEmbeds(weights: Weights, last: tf.Tensor, config: VisionConfig): tf.Tensor {
  const [batch, , dim] = last.shape as [number, number, number];
  if (config.family === 'clip')
    return tf.reshape(projectPatches(weights, tf.slice(last, [0, 0, 0], [batch, 1, dim]), config), [batch, -1]);
  return attentionPool(weights, postNorm(weights, last, config), config);
}

/**
 * Every token in the space of the paired text tower, [B, T, shared dim]: CLIP's norm and projection, or SigLIP's head
 * on each patch alone (attention over one key: the softmax is 1, so only the value path is left).
 */
export function projectPatches(weights: Weights, last: tf.Tensor, config: VisionConfig): tf.Tensor {
  const normal = postNorm(weights, last, config);
  if (config.family === 'clip') return project(weights, 'visual_projection', normal);
  const [, , value] = headProjections(weights, config);
  return poolMlp(weights, linear(weights, `${HEAD}.attention.out_proj`, value(normal)), config);
}

/** `post_layernorm`, [B, T, hidden]. */
export function postNorm(weights: Weights, x: tf.Tensor, config: VisionConfig): tf.Tensor {
  return layerNorm(weights, 'vision_model.post_layernorm', x, config.layerNormEps);
}

const HEAD = 'vision_model.head';

type Map1 = (x: tf.Tensor) => tf.Tensor;

/** SigLIP's head stores query, key and value maps in one matrix [3 d, d]. */
function headProjections(weights: Weights, { hidden }: VisionConfig): [Map1, Map1, Map1] {
  const matrix = weight(weights, `${HEAD}.attention.in_proj_weight`);
  const bias = weight(weights, `${HEAD}.attention.in_proj_bias`);
  const part =
    (i: number): Map1 =>
    (x) =>
      tf.add(multiply(x, tf.slice(matrix, [i * hidden, 0], [hidden, hidden])), tf.slice(bias, [i * hidden], [hidden]));
  return [part(0), part(1), part(2)];
}

/** SigLIP: one learned probe attends to all patches, [B, N, hidden] -> [B, hidden]. The probe is not added back. */
function attentionPool(weights: Weights, patches: tf.Tensor, config: VisionConfig): tf.Tensor {
  const [batch, , dim] = patches.shape as [number, number, number];
  const [query, key, value] = headProjections(weights, config);
  const probe = tf.tile(query(weight(weights, `${HEAD}.probe`)), [batch, 1, 1]);
  const [q, k, v] = [probe, key(patches), value(patches)].map((x) => splitHeads(x, config.heads)) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const pooled = linear(weights, `${HEAD}.attention.out_proj`, joinHeads(attend(q, k, v)));
  return tf.reshape(poolMlp(weights, pooled, config), [batch, dim]);
}

function poolMlp(weights: Weights, x: tf.Tensor, config: VisionConfig): tf.Tensor {
  return tf.add(
    x,
    mlp(weights, `${HEAD}.mlp`, layerNorm(weights, `${HEAD}.layernorm`, x, config.layerNormEps), config),
  );
}

/** Patch, class and position embeddings: [B, N (+ 1), hidden]. */
function visionEmbeddings(weights: Weights, pixels: tf.Tensor, config: VisionConfig): tf.Tensor {
  return tf.tidy(() => {
    const name = 'vision_model.embeddings';
    const patches = embedPatches(weights, pixels, config);
    const positions = weight(weights, `${name}.position_embedding.weight`);
    if (config.family === 'siglip') {
      return tf.add(tf.add(patches, weight(weights, `${name}.patch_embedding.bias`)), positions);
    }
    const batch = patches.shape[0] as number;
    const token = tf.tile(tf.reshape(weight(weights, `${name}.class_embedding`), [1, 1, config.hidden]), [batch, 1, 1]);
    const tokens = tf.add(tf.concat([token, patches], 1), positions);
    return layerNorm(weights, 'vision_model.pre_layrnorm', tokens, config.layerNormEps);
  });
}

/**
 * The patch convolution as one matrix product: [B, ...] -> [B, N, hidden]. Stride and kernel are the patch, so every
 * patch is a row; pixels beyond the last whole patch are unused ("valid" convolution).
 */
function embedPatches(weights: Weights, pixels: tf.Tensor, config: VisionConfig): tf.Tensor {
  const { channels: c, patchSize: p, hidden } = config;
  const grid = gridSide(config);
  const side = grid * p;
  const filters = weight(weights, 'vision_model.embeddings.patch_embedding.weight'); // [hidden, c, p, p]
  const batch = pixels.shape[0] as number;
  const last = pixels.shape[3] === c; // channels last: rows of a patch are contiguous runs of p * c numbers
  const expected = last
    ? [batch, config.imageSize, config.imageSize, c]
    : [batch, c, config.imageSize, config.imageSize];
  if (pixels.shape.join() !== expected.join())
    throw new Error(`pixels are [${pixels.shape}], the tower reads [${expected}]`);
  if (last) {
    const cut = tf.slice(pixels, [0, 0, 0, 0], [batch, side, side, c]);
    const rows = tf.reshape(tf.transpose(tf.reshape(cut, [batch, grid, p, grid, p * c]), [0, 1, 3, 2, 4]), [
      batch,
      grid * grid,
      p * p * c,
    ]);
    return multiply(rows, tf.reshape(tf.transpose(filters, [0, 2, 3, 1]), [hidden, p * p * c]));
  }
  const cut = tf.slice(pixels, [0, 0, 0, 0], [batch, c, side, side]);
  const rows = tf.reshape(tf.transpose(tf.reshape(cut, [batch, c, grid, p, grid, p]), [0, 2, 4, 1, 3, 5]), [
    batch,
    grid * grid,
    c * p * p,
  ]);
  return multiply(rows, tf.reshape(filters, [hidden, c * p * p]));
}

/** Parameter names and shapes of the image tower with its map into the shared space. */
export function visionShapes(config: VisionConfig): Shapes {
  const projection: Shapes = { 'visual_projection.weight': [config.projection, config.hidden] };
  return { ...towerShapes(config), ...(config.family === 'clip' ? projection : {}) };
}

/** The image tower alone, as LLaVA checkpoints carry it (SigLIP's pooling head belongs to it). */
export function towerShapes(config: VisionConfig): Shapes {
  const { hidden, patchSize, channels, intermediate } = config;
  const clip = config.family === 'clip';
  const name = 'vision_model';
  const tokens = gridSide(config) ** 2 + (clip ? 1 : 0);
  const blocks = Array.from({ length: config.layers }, (_, i) =>
    encoderBlockShapes(`${name}.encoder.layers.${i}`, config),
  );
  const own: Shapes = clip
    ? {
        [`${name}.embeddings.class_embedding`]: [hidden],
        ...normShapes(`${name}.pre_layrnorm`, hidden),
      }
    : {
        [`${name}.embeddings.patch_embedding.bias`]: [hidden],
        [`${HEAD}.probe`]: [1, 1, hidden],
        [`${HEAD}.attention.in_proj_weight`]: [3 * hidden, hidden],
        [`${HEAD}.attention.in_proj_bias`]: [3 * hidden],
        ...linearShapes(`${HEAD}.attention.out_proj`, hidden, hidden),
        ...normShapes(`${HEAD}.layernorm`, hidden),
        ...linearShapes(`${HEAD}.mlp.fc1`, intermediate, hidden),
        ...linearShapes(`${HEAD}.mlp.fc2`, hidden, intermediate),
      };
  return {
    [`${name}.embeddings.patch_embedding.weight`]: [hidden, channels, patchSize, patchSize],
    [`${name}.embeddings.position_embedding.weight`]: [tokens, hidden],
    ...Object.assign({}, ...blocks),
    ...normShapes(`${name}.post_layernorm`, hidden),
    ...own,
  };
}
