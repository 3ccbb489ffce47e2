import { decoderParameters } from './decoder.ts';
import type { Shape } from './shape.ts';
import { textParameters, towerParameters } from './towers.ts';

const TEXT_BYTES = 5; // of a token in a JSON file
const QUESTION_BYTES = 300;
const WORD_BYTES = 10;

const dtypeBytes: Readonly<Record<string, number>> = { float16: 2, bfloat16: 2 };

/** Bytes of the files that carry this. */
export function bytesOf(shape: Shape): number {
  switch (shape.type) {
    case 'dataset':
      return shape.of.images * shape.of.imageBytes + shape.of.records * shape.of.tokens * TEXT_BYTES;
    case 'benchmark':
      return shape.of.images * shape.of.imageBytes + shape.of.questions * QUESTION_BYTES;
    case 'words':
      return shape.of.words * WORD_BYTES;
    case 'features':
      return 4 * shape.of.images * shape.of.tokens * shape.of.dim;
    case 'labels':
      return 4 * shape.of.images * shape.of.patches * shape.of.top; // uint16 word, float16 score
    case 'answers':
      return shape.of.questions * QUESTION_BYTES;
    default:
      return parametersOf(shape) * (('dtype' in shape.of ? dtypeBytes[shape.of.dtype] : undefined) ?? 4);
  }
}

/** Numbers in a model. */
export function parametersOf(shape: Shape): number {
  switch (shape.type) {
    case 'encoder':
      return towerParameters(shape.of.vision) + ('text' in shape.of ? textParameters(shape.of.text) : 0);
    case 'language-model':
      return decoderParameters(shape.of);
    case 'adapter':
      return adapterParameters(shape.of);
    case 'model': {
      const { vision, scales, text } = shape.of;
      const adapter = { input: vision.hidden * scales.length, output: text.hidden };
      return towerParameters(vision) + adapterParameters(adapter) + decoderParameters(text);
    }
    default:
      return 0;
  }
}

export function adapterParameters({ input, output }: Readonly<{ input: number; output: number }>): number {
  return input * output + output * output + 2 * output;
}
