import { moving, type Priced, type Shape } from '../cost/shape.ts';
import { bytesOf } from '../cost/sizes.ts';

/** Bytes of a photo as JPEG, about 0.3 megapixels: the data sets that LLaVA trains on. */
const PHOTO = 1e5;

type Metrics = Readonly<Record<string, number>> | undefined;
type Expected<N extends string> = Readonly<Record<N, number>> | undefined;

/** Counts of an earlier run go before what was expected; means of tokens are always the expected ones. */
export function datasetCost(expected: Expected<'records' | 'images' | 'tokens' | 'targets'>, metrics: Metrics): Priced {
  if (expected === undefined) return { outputs: {} };
  const counted = { records: metrics?.['records'], images: metrics?.['images'] };
  const { records = expected.records, images = expected.images } = counted;
  const assumed = `${amount(records)} conversations, ${amount(images)} pictures, ${expected.tokens} tokens each of which ${expected.targets} are learnt`;
  const data = { type: 'dataset', of: { ...expected, records, images, imageBytes: PHOTO } } as const;
  return { work: moving(bytesOf(data), bytesOf(data)), outputs: { data }, assumed };
}

export function wordsCost(words: number | undefined): Priced {
  if (words === undefined) return { outputs: {} };
  const list = { type: 'words', of: { words } } as const;
  return { work: moving(bytesOf(list), bytesOf(list)), outputs: { words: list } };
}

export function questionsCost(
  expected: Expected<'questions' | 'images' | 'tokens' | 'answerTokens'>,
  metrics: Metrics,
): Priced {
  if (expected === undefined) return { outputs: {} };
  const questions = metrics?.['questions'] ?? expected.questions;
  const data = { type: 'benchmark', of: { ...expected, questions, imageBytes: PHOTO } } as const;
  const assumed = `${amount(questions)} questions of ${expected.tokens} tokens, answers of ${expected.answerTokens}`;
  return { work: moving(bytesOf(data), bytesOf(data)), outputs: { data }, assumed };
}

function amount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** A stage that reads through a file and writes little. */
export function readingCost(shape: Shape | undefined): Priced {
  return shape === undefined ? { outputs: {} } : { work: moving(bytesOf(shape), 0), outputs: {} };
}
