import * as tf from '@tensorflow/tfjs-core';
import { gridSide, leadingTokens, type TowerConfig, type VisionConfig } from '../data/config.ts';
import { attend, joinHeads, splitHeads } from './attention.ts';
import { encoderBlock, encoderBlockShapes, linearShapes, mlp, normShapes } from './encoder.ts';
import { linear, multiply, project } from './linear.ts';
import { layerNorm } from './norm.ts';
import { embedPatches } from './patches.ts';
import { plainEmbeddings, plainShapes } from './plain-vit.ts';
import { type Shapes, type Weights, weight } from './weights.ts';

/**
 * Hidden states of an image tower, each [B, leading tokens + N, hidden]: the embeddings (CLIP: after `pre_layrnorm`),
 * then the output of every block up to `blocks` (default all). `pixels` is [B, 3, H, W] or [B, H, W, 3], normalised.
 * Nothing here is after the last norm.
 */
export function visionHidden(
  weights: Weights,
  pixels: tf.Tensor,
  config: TowerConfig,
  blocks = config.layers,
): readonly tf.Tensor[] {
  const plain = 'trainedSize' in config;
  const hidden = [plain ? plainEmbeddings(weights, pixels, config) : visionEmbeddings(weights, pixels, config)];
  const name = plain ? 'encoder.layer' : 'vision_model.encoder.layers';
  for (let i = 0; i < blocks; i++) hidden.push(encoderBlock(weights, `${name}.${i}`, hidden[i] as tf.Tensor, config));
  return hidden;
}

/** What an adapter reads: hidden state `layer` (-1 the last block's output, -2 LLaVA's) of the patches alone, [B, N, hidden]. */
export function visionFeatures(weights: Weights, pixels: tf.Tensor, config: TowerConfig, layer: number): tf.Tensor {
  const index = layer < 0 ? config.layers + 1 + layer : layer;
  if (index < 0 || index > config.layers) throw new Error(`layer ${layer} of a tower with ${config.layers} blocks`);
  return tf.tidy(() => patchTokens(visionHidden(weights, pixels, config, index)[index] as tf.Tensor, config));
}

/** Drops class token and registers: [B, leading + N, d] -> [B, N, d]; SigLIP has none. */
export function patchTokens(x: tf.Tensor, config: TowerConfig): tf.Tensor {
  const [batch, tokens, dim] = x.shape as [number, number, number];
  const leading = leadingTokens(config);
  return leading === 0 ? x : tf.slice(x, [0, leading, 0], [batch, tokens - leading, dim]);
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
    mlp(
      weights,
      [`${HEAD}.mlp.fc1`, `${HEAD}.mlp.fc2`],
      layerNorm(weights, `${HEAD}.layernorm`, x, config.layerNormEps),
      config,
    ),
  );
}

/** Patch, class and position embeddings: [B, N (+ 1), hidden]. */
function visionEmbeddings(weights: Weights, pixels: tf.Tensor, config: VisionConfig): tf.Tensor {
  return tf.tidy(() => {
    const name = 'vision_model.embeddings';
    const patches = embedPatches(weight(weights, `${name}.patch_embedding.weight`), pixels, config);
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

/** Parameter names and shapes of the image tower with its map into the shared space. */
export function visionShapes(config: VisionConfig): Shapes {
  const projection: Shapes = { 'visual_projection.weight': [config.projection, config.hidden] };
  return { ...towerShapes(config), ...(config.family === 'clip' ? projection : {}) };
}

/** The image tower alone, as LLaVA checkpoints carry it (SigLIP's pooling head belongs to it). */
export function towerShapes(config: TowerConfig): Shapes {
  if ('trainedSize' in config) return plainShapes(config);
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
