import { decoderLayer, decoderPass, headPass } from '../../cost/decoder.ts';
import { type InputShapes, type Priced, shapeOf } from '../../cost/shape.ts';
import { bytesOf, parametersOf } from '../../cost/sizes.ts';
import { forward, forwardFootprint, projectorPasses, sightPass, visualTokens } from '../../cost/training.ts';
import type { DecoderConfig } from '../../data/config.ts';
import type { Params } from './kind.ts';
import { WORTH } from './share.ts';

/**
 * Every image is encoded once, and read once where its questions share it; every prompt is read once, then one token after
 * another is added with the keys and values of those before it.
 */
export function benchmarkCost({ batchSize }: Params, inputs: InputShapes): Priced {
  const model = shapeOf(inputs['model'], 'model');
  const text = model?.text ?? shapeOf(inputs['languageModel'], 'language-model');
  const data = shapeOf(inputs['data'], 'benchmark');
  if (text === undefined || data === undefined) return { outputs: {} };
  const { questions, answerTokens } = data;
  const pictures = model === undefined ? 0 : Math.min(data.images, questions);
  const tokens = model === undefined ? 0 : visualTokens(model);
  const length = data.tokens + (pictures > 0 ? tokens : 0);
  const images = { rows: pictures, tokens };
  const eyes =
    model === undefined
      ? 0
      : forward(sightPass(model, pictures)) +
        adapterOperations(model.vision.hidden * model.scales.length, text, pictures * tokens);
  const asked = { type: 'answers', of: { questions } } as const;
  const source =
    model === undefined ? ({ type: 'language-model', of: text } as const) : ({ type: 'model', of: model } as const);
  return {
    work: {
      flops:
        eyes +
        readingOperations(text, questions, data.tokens, images) +
        answeringOperations(text, questions, length, answerTokens),
      again: 0,
      decoded: pictures * data.imageBytes,
      read: bytesOf({ type: 'benchmark', of: data }) + bytesOf(source),
      written: bytesOf(asked),
      weights: parametersOf(source),
      trained: 0,
      batch: batchSize,
      passes: Math.ceil(questions / batchSize) * (1 + answerTokens),
      item: forwardFootprint(decoderLayer(text, 1, { tokens: length }), length * text.hidden),
    },
    outputs: { answers: asked },
  };
}

function adapterOperations(input: number, { hidden }: DecoderConfig, tokens: number): number {
  const { first, second } = projectorPasses(input, hidden, tokens);
  return forward(first) + forward(second);
}

/** Prompts of `tokens` besides the image, which questions of one image read once where that spares enough. */
function readingOperations(
  text: DecoderConfig,
  rows: number,
  tokens: number,
  images: Readonly<{ rows: number; tokens: number }>,
): number {
  const length = tokens + (images.rows > 0 ? images.tokens : 0);
  const read = 1;
  if (images.rows === 0 || images.rows * images.tokens + rows * tokens > (1 - WORTH) * rows * length)
    return forward(decoderPass(text, rows, { tokens: length, read }));
  const begun = forward(decoderPass(text, images.rows, { tokens: images.tokens, read }));
  return begun + forward(decoderPass(text, rows, { tokens, keys: length, read }));
}

/** A prompt's end gives the first new token; each further one sees the prompt and those before it, here at half of the answer. */
function answeringOperations(text: DecoderConfig, rows: number, length: number, newTokens: number): number {
  const head = forward(headPass(text, rows));
  const one = forward(decoderPass(text, rows, { tokens: 1, keys: length + newTokens / 2 })) + head;
  return head + Math.max(0, newTokens - 1) * one;
}
