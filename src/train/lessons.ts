import { expandImages, limitLength, type Sequence } from '../data/batch.ts';
import { checkTemplate, encodeConversation, IMAGE_ID } from '../data/conversation.ts';
import type { ChatRecord } from '../data/dataset.ts';
import { epochOrder } from '../data/order.ts';
import type { TemplateName } from '../data/template.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import type { TensorMap } from '../nn/compile.ts';
import { ProblemError } from '../problem.ts';
import { roomFor, textTensors } from './generation.ts';
import { type Grouping, groupBatches } from './grouping.ts';
import { microBatchSize, type Optimisation, stepsOf } from './optimisation.ts';
import { type BatchShape, chooseShapes, shapeFor } from './shapes.ts';

export type LessonOptions = Readonly<{
  tokenizer: Tokenizer;
  template: TemplateName;
  turns: 'dialogue' | 'independent';
  /** visual tokens of an image */
  tokens: number;
  /** longest sequence, visual tokens included */
  maxTokens: number;
  /** keys that a query sees, itself included, where the language model limits them */
  slidingWindow?: number;
}>;

/** The texts of a whole training, ready to be taken step by step. */
export type Lessons = Readonly<{
  steps: number;
  /** records of a micro-batch */
  chosen(step: number, micro: number): readonly number[];
  /** their texts as tensors, see `textTensors` */
  texts(step: number, micro: number): TensorMap;
  shapes: readonly BatchShape[];
  /** every record that some step takes */
  used: readonly number[];
  /** records that were longer than `maxTokens`, and those of which nothing to learn was left */
  cut: number;
  empty: number;
}>;

/**
 * Reads ahead: which records every step takes, their token ids, and the few shapes that all batches are padded to.
 * Throws ProblemError when no record leaves anything to learn.
 */
export function planLessons(
  records: readonly ChatRecord[],
  params: Optimisation & Readonly<{ seed: number; grouping?: Grouping }>,
  options: LessonOptions,
): Lessons {
  checkTemplate(options.tokenizer, options.template);
  const steps = stepsOf(params, records.length);
  const size = microBatchSize(params);
  const drawn = Array.from({ length: steps }, (_, step) => {
    return epochOrder(params.seed, step, params.batchSize, records.length);
  });
  const batches = groupBatches(drawn, params.grouping ?? 'none', {
    seed: params.seed,
    perEpoch: Math.ceil(records.length / params.batchSize),
    hasImage: (item) => records[item]?.image !== undefined,
  });
  const chosen = (step: number, micro: number): readonly number[] =>
    (batches[step] ?? []).slice(micro * size, (micro + 1) * size);
  const used = [...new Set(batches.flat())].sort((a, b) => a - b);
  const { sequences, ...counts } = encodeRecords(records, used, options);
  const of = (indices: readonly number[]): readonly Sequence[] => indices.map((i) => sequences.get(i) as Sequence);
  const micros = batches.flatMap((_, step) =>
    Array.from({ length: params.accumulate }, (_, micro) => roomFor(of(chosen(step, micro)))),
  );
  const shapes = chooseShapes(micros);
  const texts = (step: number, micro: number): TensorMap => {
    const own = of(chosen(step, micro));
    const { targets } = roomFor(of(batches[step] ?? []));
    return textTensors(own, shapeFor(shapes, roomFor(own)), {
      tokens: options.tokens,
      pad: options.tokenizer.pad ?? 0,
      packed: options.turns === 'independent',
      // gradients of micro-batches are averaged: together the mean over all targets of the batch
      share: targets === 0 ? 0 : params.accumulate / targets,
    });
  };
  return { steps, chosen, texts, shapes, used, ...counts };
}

type Encoded = Readonly<{ sequences: ReadonlyMap<number, Sequence>; cut: number; empty: number }>;

function encodeRecords(records: readonly ChatRecord[], used: readonly number[], options: LessonOptions): Encoded {
  const { tokenizer, template, turns, tokens, maxTokens } = options;
  const sequences = new Map<number, Sequence>();
  let [cut, empty] = [0, 0];
  for (const index of used) {
    const example = encodeConversation(tokenizer, template, (records[index] as ChatRecord).turns, turns);
    const whole = expandImages(example, tokens, IMAGE_ID);
    const limited = limitLength(whole, wholeImages(whole, tokens, maxTokens));
    if (whole.ids.length > maxTokens) cut++;
    if (limited === undefined) empty++;
    else if (turns === 'independent') checkWindow(limited, options.slidingWindow);
    sequences.set(index, limited ?? nothing);
  }
  if (empty === used.length) {
    const message = `no conversation leaves anything to learn in ${maxTokens} tokens, of which an image takes ${tokens}`;
    throw new ProblemError({ code: 'nothing-to-learn', message, hint: 'raise maxTokens' });
  }
  return { sequences, cut, empty };
}

/** The limit, or where an image begins that it would cut in two. */
function wholeImages({ ids }: Sequence, tokens: number, limit: number): number {
  const first = ids.indexOf(IMAGE_ID);
  return first >= 0 && first < limit && limit < first + tokens ? first : limit;
}

/** Stands for a record that has nothing to learn: one token of padding, no image, no target. */
const nothing: Sequence = { ids: [0], labels: [-100], segments: [0], positions: [0] };

/** A sliding window is counted along the row, which packed turns do not follow. */
function checkWindow({ positions }: Sequence, window: number | undefined): void {
  const longest = positions.reduce((most, position) => Math.max(most, position + 1), 0);
  if (window === undefined || longest <= window) return;
  const message = `turns: independent with a turn of ${longest} tokens, but the language model sees ${window} at a time`;
  throw new ProblemError({ code: 'unfit-turns', message, hint: 'use turns: dialogue, or a smaller maxTokens' });
}

/** A line for the log. */
export function describeLessons({ steps, used, shapes, cut, empty }: Lessons, records: number): string {
  const sizes = shapes.map(({ length, targets }) => `${length} tokens with ${targets} targets`).join(', ');
  const short = cut === 0 ? '' : `; ${cut} were longer than maxTokens and cut, ${empty} of them to nothing`;
  return `${steps} steps over ${used.length} of ${records} conversations, padded to ${sizes}${short}`;
}
