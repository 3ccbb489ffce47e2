import * as tf from '@tensorflow/tfjs-core';
import { loadWeights, readConfigOf } from '../data/checkpoint.ts';
import { leadingTokens, type TowerConfig } from '../data/config.ts';
import { atInputSize, magnified } from '../data/input-size.ts';
import { type Preprocessor, readPreprocessor } from '../data/preprocess.ts';
import { loadTokenizer, type Tokenizer } from '../data/tokenizer.ts';
import { type EyesConfig, LLAVA_PARTS, llavaFeatures, llavaSight, visualTokens } from '../nn/llava.ts';
import { projectorShapes } from '../nn/projector.ts';
import { featureDim, featureGrid } from '../nn/sight.ts';
import { towerShapes } from '../nn/vit.ts';
import { prefixed, type Shapes, type Weights } from '../nn/weights.ts';
import { ProblemError } from '../problem.ts';
import { ADAPTER_ACTIVATION, adapterConfig } from '../train/adapter.ts';
import { readAdapter, readAdapterSight } from '../train/adapter-file.ts';
import { loadTower } from '../train/tower-file.ts';

/** What of a model makes visual tokens, and the embedding that words have in it. */
export type Eyes = Readonly<{
  config: EyesConfig;
  how: Preprocessor;
  tokenizer: Tokenizer;
  /** tower and adapter under LLaVA's names */
  weights: Weights;
  /** of the language model, [vocab, hidden] */
  embedding: tf.Tensor2D;
}>;

/** Where a model lies: a LLaVA folder, or the three parts of one after stage 1. */
export type ModelFolders =
  | Readonly<{ model: string }>
  | Readonly<{ adapter: string; languageModel: string; encoder: string }>;

/** Reads no more of the language model than its embedding. The caller closes. */
export async function openEyes(folders: ModelFolders): Promise<Eyes> {
  return 'model' in folders ? openModel(folders.model) : openParts(folders);
}

export function closeEyes({ weights, embedding }: Eyes): void {
  tf.dispose([weights, embedding] as tf.TensorContainer);
}

const EMBEDDING = 'model.embed_tokens.';

async function openModel(folder: string): Promise<Eyes> {
  const written = await readConfigOf(folder, 'model');
  const [own, tokenizer] = await Promise.all([readPreprocessor(folder), loadTokenizer(folder)]);
  const config = { ...written, vision: atInputSize<TowerConfig>(written.vision, own) };
  const { text, projectorActivation: activation } = config;
  const { vision, projector, language } = LLAVA_PARTS;
  const sizes = { input: featureDim(llavaSight(config)), middle: text.hidden, output: text.hidden, activation };
  const part = (prefix: string, expect: Shapes) => async (): Promise<Weights> =>
    prefixed(prefix, await loadWeights(folder, { prefix, expect }));
  const loaded = await loadAll(
    part(vision, towerShapes(config.vision)),
    part(projector, projectorShapes(sizes)),
    part(language + EMBEDDING, embeddingShape(text)),
  );
  return eyesOf(loaded, language, { config, how: magnifiedFor(own, config), tokenizer });
}

async function openParts(folders: Extract<ModelFolders, { adapter: string }>): Promise<Eyes> {
  const { adapter, languageModel, encoder } = folders;
  const tower = (await readConfigOf(encoder, 'encoder')).vision;
  const text = await readConfigOf(languageModel, 'language-model');
  const [own, tokenizer] = await Promise.all([readPreprocessor(encoder), loadTokenizer(languageModel)]);
  const { layer, scales } = await readAdapterSight(adapter);
  const vision = atInputSize<TowerConfig>(tower, own);
  const reads = { projectorActivation: ADAPTER_ACTIVATION, featureSelect: 'default' } as const;
  const config = { vision, scales, featureLayer: layer, ...reads };
  const sizes = adapterConfig(featureDim(llavaSight(config)), text.hidden);
  const loaded = await loadAll(
    async () => prefixed(LLAVA_PARTS.projector, await readAdapter(adapter, sizes, { layer, scales })),
    async () => prefixed(LLAVA_PARTS.vision, await loadTower(encoder, vision)),
    async () =>
      prefixed(EMBEDDING, await loadWeights(languageModel, { prefix: EMBEDDING, expect: embeddingShape(text) })),
  );
  return eyesOf(loaded, '', { config, how: magnifiedFor(own, config), tokenizer });
}

function embeddingShape({ vocab, hidden }: Readonly<{ vocab: number; hidden: number }>): Shapes {
  return { weight: [vocab, hidden] };
}

/** One part after the other; where one cannot be read the others are released. */
async function loadAll(...parts: readonly (() => Promise<Weights>)[]): Promise<Weights> {
  let loaded: Weights = {};
  try {
    for (const load of parts) loaded = { ...loaded, ...(await load()) };
    return loaded;
  } catch (error) {
    tf.dispose(loaded as tf.TensorContainer);
    throw error;
  }
}

function eyesOf(loaded: Weights, language: string, about: Omit<Eyes, 'weights' | 'embedding'>): Eyes {
  const { [`${language}${EMBEDDING}weight`]: embedding, ...weights } = loaded;
  return { ...about, weights, embedding: embedding as tf.Tensor2D };
}

function magnifiedFor(own: Preprocessor, { scales = [1] }: EyesConfig): Preprocessor {
  return magnified(own, Math.max(...scales));
}

/** Visual tokens of pixels [B, 3, side, side], [B * grid * grid, hidden], a class token left out. The caller disposes. */
export function patchTokens({ config, weights }: Eyes, pixels: tf.Tensor): tf.Tensor2D {
  return tf.tidy(() => {
    const features = llavaFeatures(weights, pixels, config);
    const patches = featureGrid(llavaSight(config)) ** 2;
    const [images, tokens, dim] = features.shape as [number, number, number];
    const leading = tokens - patches;
    if (leading !== 0 && leading !== leadingTokens(config.vision))
      throw new Error(`${tokens} tokens of ${patches} patches`);
    const own = tf.slice(features, [0, leading, 0], [images, patches, dim]);
    return tf.reshape(visualTokens(weights, own, config), [images * patches, -1]) as tf.Tensor2D;
  });
}

/** A model has one place. Throws ProblemError where ports of both, or too few, are connected. */
export function modelFolders(
  ports: Readonly<Partial<Record<'model' | 'adapter' | 'languageModel' | 'encoder', string>>>,
): ModelFolders {
  const { model, adapter, languageModel, encoder } = ports;
  const parts = [adapter, languageModel, encoder];
  if (model !== undefined && parts.every((folder) => folder === undefined)) return { model };
  if (model === undefined && adapter !== undefined && languageModel !== undefined && encoder !== undefined)
    return { adapter, languageModel, encoder };
  throw new ProblemError({
    code: 'one-model',
    message: `visual tokens come from one model, and ${model === undefined ? 'none is whole' : 'more than one is connected'}`,
    hint: 'connect `model` alone, or `adapter`, `languageModel` and `encoder`',
  });
}
