import * as tf from '@tensorflow/tfjs-core';
import type { Question } from '../../benchmarks/benchmark.ts';
import { imageBytes } from '../../benchmarks/images.ts';
import { fitShots } from '../../benchmarks/mmlu/prompt.ts';
import { expandImages, makeBatch, type Sequence } from '../../data/batch.ts';
import { encodePrompt, encodeWithImages } from '../../data/conversation.ts';
import { decodeImage } from '../../data/image.ts';
import { pixelTensor } from '../../data/pixels.ts';
import { IMAGE_MARK } from '../../data/template.ts';
import { decode, embedTokens, logitsOf } from '../../nn/decoder.ts';
import type { Generator } from '../../nn/generate.ts';
import { llavaFeatures, visualTokens } from '../../nn/llava.ts';
import { planSplice, splice } from '../../nn/splice.ts';
import { ProblemError } from '../../problem.ts';
import type { Asked } from './model.ts';

/** A question as token ids, each image as long as its visual tokens. */
export type Prompt = Readonly<{ question: Question; sequence: Sequence }>;

export function promptOf(asked: Asked, question: Question): Prompt {
  const { tokenizer, template, vision } = asked;
  if (question.image !== undefined && vision === undefined) {
    throw new ProblemError({
      code: 'no-eyes',
      message: `question ${question.id} has an image, but the model has no vision tower`,
      hint: 'connect `model` instead of `languageModel`',
    });
  }
  const ids =
    question.completion === true
      ? encodeWithImages(tokenizer, completionText(asked, question))
      : encodePrompt(tokenizer, template, [
          { question: (question.image === undefined ? '' : `${IMAGE_MARK}\n`) + question.text },
        ]);
  const example = { ids, labels: ids, segments: ids.map(() => 0) };
  return { question, sequence: expandImages(example, vision?.tokens ?? 0, imageToken(asked)) };
}

/** The few-shot prompt of MMLU, with as many examples as the model has positions for (the official program: 2,048). */
function completionText({ tokenizer, decoder }: Asked, { shots, text }: Question): string {
  return shots === undefined
    ? text
    : fitShots(shots, text, (prompt) => tokenizer.encode(prompt).length, Math.min(2048, decoder.maxPositions));
}

/** Stands for a visual token in ids; any id that the text itself never has. */
function imageToken({ vision, decoder }: Asked): number {
  return vision?.config.imageToken ?? decoder.vocab;
}

/** Greedy answers to some questions. */
export async function answer(
  asked: Asked,
  generator: Generator,
  prompts: readonly Prompt[],
  maxNew: number,
): Promise<readonly string[]> {
  const { embeds, present } = await embedPrompts(asked, prompts);
  const answers = generator.generate(asked.language, { embeds, present }, { maxNew, stop: asked.stop });
  embeds.dispose();
  return answers.map((ids) =>
    asked.tokenizer
      .decode(
        ids.filter((id) => !asked.stop.includes(id)),
        { skipSpecial: true },
      )
      .trim(),
  );
}

/** Natural logarithms of the probabilities of " A", " B", ... as the next token of each prompt. */
export async function letterLogProbabilities(
  asked: Asked,
  prompts: readonly Prompt[],
): Promise<readonly Readonly<Record<string, number>>[]> {
  const { embeds, present } = await embedPrompts(asked, prompts);
  const width = embeds.shape[1] as number;
  const ends = present.map((row, b) => b * width + row.lastIndexOf(1));
  const logs = tf.tidy(() => {
    const { last } = decode(asked.language, { embeds }, asked.decoder); // causal, and padding stands to the right
    const rows = tf.gather(tf.reshape(last, [-1, asked.decoder.hidden]), tf.tensor1d(ends, 'int32'));
    return tf.logSoftmax(logitsOf(asked.language, rows, asked.decoder));
  });
  const values = await logs.data();
  tf.dispose([embeds, logs]);
  return prompts.map(({ question }, b) => {
    const letters = ['A', 'B', 'C', 'D', 'E'].slice(0, question.choices?.length ?? 4);
    return Object.fromEntries(
      letters.map((letter) => [` ${letter}`, values[b * asked.decoder.vocab + letterId(asked, letter)] as number]),
    );
  });
}

/** The token of a letter that follows a colon and a space. */
function letterId({ tokenizer }: Asked, letter: string): number {
  return tokenizer.encode(`: ${letter}`, { special: false }).at(-1) as number;
}

/** Prompts as layer 0 reads them, padded on the right: [B, T, hidden]. Each image of the batch is encoded once. */
async function embedPrompts(
  asked: Asked,
  prompts: readonly Prompt[],
): Promise<{ embeds: tf.Tensor; present: number[][] }> {
  const length = Math.max(...prompts.map(({ sequence }) => sequence.ids.length));
  const { ids } = makeBatch(
    prompts.map(({ sequence }) => sequence),
    length,
    asked.tokenizer.pad ?? 0,
  );
  const present = prompts.map(({ sequence }) => Array.from({ length }, (_, t) => (t < sequence.ids.length ? 1 : 0)));
  const token = imageToken(asked);
  const words = tf.tidy(() =>
    embedTokens(
      asked.language,
      tf.tensor2d(
        ids.map((id) => (id === token ? 0 : id)),
        [prompts.length, length],
        'int32',
      ),
      asked.decoder,
    ),
  );
  if (asked.vision === undefined) return { embeds: words, present };
  const visual = await visualTokensOf(asked.vision, prompts);
  if (visual === undefined) return { embeds: words, present };
  const rows = prompts.map((_, b) => ids.subarray(b * length, (b + 1) * length));
  const plan = planSplice(
    rows,
    token,
    prompts.map(({ question }) => (question.image === undefined ? 0 : 1)),
    asked.vision.tokens,
  );
  const embeds = tf.tidy(() =>
    splice(words, visual, {
      source: tf.tensor1d(plan.source),
      position: tf.tensor1d(plan.position),
      used: tf.tensor1d(plan.used),
    }),
  );
  tf.dispose([words, visual]);
  return { embeds, present };
}

/** Visual tokens of each prompt with an image, in order: [prompts with an image, tokens, hidden]. */
async function visualTokensOf(
  { config, weights, how }: NonNullable<Asked['vision']>,
  prompts: readonly Prompt[],
): Promise<tf.Tensor | undefined> {
  const images = prompts.flatMap(({ question }) => question.image ?? []);
  if (images.length === 0) return undefined;
  const distinct = [...new Map(images.map((image) => [image.name, image])).values()];
  const decoded = await Promise.all(distinct.map(async (image) => decodeImage(await imageBytes(image), image.name)));
  const index = new Map(distinct.map(({ name }, i) => [name, i]));
  return tf.tidy(() => {
    const pixels = pixelTensor(decoded, how, config.vision.imageSize);
    const tokens = visualTokens(weights, llavaFeatures(weights, pixels, config), config);
    return tf.gather(
      tokens,
      tf.tensor1d(
        images.map(({ name }) => index.get(name) as number),
        'int32',
      ),
    );
  });
}
