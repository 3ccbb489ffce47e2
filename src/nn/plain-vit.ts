import * as tf from '@tensorflow/tfjs-core';
import { type DinoConfig, gridSide, type VitConfig } from '../data/config.ts';
import { encoderBlockShapes, normShapes } from './encoder.ts';
import { embedPatches } from './patches.ts';
import { bicubicMap, resampleSquare, smoothBicubicMap } from './resample.ts';
import { type Shapes, type Weights, weight } from './weights.ts';

type PlainConfig = DinoConfig | VitConfig;

/**
 * Class token, registers (DINOv2 with registers) and patches of a tower without a text tower, with positions:
 * [B, 1 + registers + N, hidden]. Patches are in raster order: nothing is masked or shuffled, unlike in MAE's training.
 */
export function plainEmbeddings(weights: Weights, pixels: tf.Tensor, config: PlainConfig): tf.Tensor {
  return tf.tidy(() => {
    const { hidden } = config;
    const conv = 'embeddings.patch_embeddings.projection';
    const filtered = embedPatches(weight(weights, `${conv}.weight`), pixels, config);
    const batch = filtered.shape[0] as number;
    const stored = tf.reshape(weight(weights, 'embeddings.position_embeddings'), [-1, hidden]);
    const patches = tf.add(tf.add(filtered, weight(weights, `${conv}.bias`)), patchPositions(stored, config));
    const first = tf.add(weight(weights, 'embeddings.cls_token'), tf.slice(stored, [0, 0], [1, hidden]));
    const before =
      config.family === 'dinov2_with_registers' ? [first, weight(weights, 'embeddings.register_tokens')] : [first];
    return tf.concat([...before.map((token) => tf.tile(token, [batch, 1, 1])), patches], 1);
  });
}

/**
 * Positions of the patches, [N, hidden], stretched bicubically from the grid that they were trained for, as transformers
 * does with `interpolate_pos_encoding` (DINOv2: always); with registers it smooths them where the grid is smaller.
 */
function patchPositions(stored: tf.Tensor, config: PlainConfig): tf.Tensor {
  const { hidden } = config;
  const trained = gridSide({ ...config, imageSize: config.trainedSize });
  const grid = gridSide(config);
  const patches = tf.slice(stored, [1, 0], [trained * trained, hidden]);
  if (grid === trained) return patches;
  const map = config.family === 'dinov2_with_registers' ? smoothBicubicMap(trained, grid) : bicubicMap(trained, grid);
  const planes = tf.reshape(tf.transpose(patches, [1, 0]), [hidden, trained, trained]);
  return tf.transpose(tf.reshape(resampleSquare(planes, map), [hidden, grid * grid]), [1, 0]);
}

/** Parameter names and shapes, as `Dinov2Model` and `ViTModel` without its pooler have them. */
export function plainShapes(config: PlainConfig): Shapes {
  const { hidden, patchSize, channels } = config;
  const blocks = Array.from({ length: config.layers }, (_, i) => encoderBlockShapes(`encoder.layer.${i}`, config));
  const dino = config.family === 'vit' ? undefined : config;
  const registers: Shapes =
    dino === undefined || dino.registers === 0 ? {} : { 'embeddings.register_tokens': [1, dino.registers, hidden] };
  return {
    'embeddings.cls_token': [1, 1, hidden],
    'embeddings.position_embeddings': [1, 1 + gridSide({ ...config, imageSize: config.trainedSize }) ** 2, hidden],
    'embeddings.patch_embeddings.projection.weight': [hidden, channels, patchSize, patchSize],
    'embeddings.patch_embeddings.projection.bias': [hidden],
    ...(dino?.maskToken === true ? { 'embeddings.mask_token': [1, hidden] } : {}),
    ...registers,
    ...Object.assign({}, ...blocks),
    ...normShapes('layernorm', hidden),
  };
}
