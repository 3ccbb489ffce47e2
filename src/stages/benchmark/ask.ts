import * as tf from '@tensorflow/tfjs-core';
import { LETTERS } from '../../benchmarks/choices.ts';
import { IGNORE } from '../../data/conversation.ts';
import type { Asked } from '../../model/asked.ts';
import { type Embedded, embedRows } from '../../model/embed.ts';
import { decode, logitsOf } from '../../nn/decoder.ts';
import { takeTokens } from '../../nn/embedding.ts';
import type { Generator } from '../../nn/generate.ts';
import { planRead } from '../../nn/read-plan.ts';
import type { Look } from './gaze.ts';
import type { Prompt } from './prompt.ts';

/** Greedy answers to some questions. */
export async function answer(
  asked: Asked,
  generator: Generator,
  prompts: readonly Prompt[],
  look: Look | undefined,
): Promise<readonly string[]> {
  const { embeds, present } = await embedPrompts(asked, prompts, look);
  const maxNew = Math.max(...prompts.map((prompt) => prompt.maxNew));
  const answers = generator.generate(asked.language, { embeds, present }, { maxNew, stop: asked.stop });
  embeds.dispose();
  return answers.map((ids, i) => {
    // each question has its own limit, so that an answer does not depend on its neighbours
    const own = ids.slice(0, prompts[i]?.maxNew).filter((id) => !asked.stop.includes(id));
    return asked.tokenizer.decode(own, { skipSpecial: true }).trim();
  });
}

/** Natural logarithms of the probabilities of " A", " B", ... as the next token of each prompt. */
export async function letterLogProbabilities(
  asked: Asked,
  prompts: readonly Prompt[],
  look: Look | undefined,
): Promise<readonly Readonly<Record<string, number>>[]> {
  const { embeds, present } = await embedPrompts(asked, prompts, look);
  const width = embeds.shape[1] as number;
  const ends = present.map((row, b) => b * width + row.lastIndexOf(1));
  const logs = tf.tidy(() => {
    const read = tf.tensor2d(ends, [ends.length, 1], 'int32');
    const { last } = decode(asked.language, { embeds, read }, asked.decoder); // causal, and padding stands to the right
    const rows = tf.reshape(last, [ends.length, asked.decoder.hidden]);
    return tf.logSoftmax(logitsOf(asked.language, rows, asked.decoder)); // [B, vocab]
  });
  const values = await logs.data();
  const vocab = logs.shape[1] as number;
  tf.dispose([embeds, logs]);
  return prompts.map(({ question }, b) => {
    const letters = LETTERS.slice(0, question.choices?.length ?? 4);
    return Object.fromEntries(
      letters.map((letter) => [` ${letter}`, values[b * vocab + letterId(asked, letter)] as number]),
    );
  });
}

/**
 * Natural logarithm of the probability of each option of each prompt as the whole answer: the sum over the tokens of the
 * option and of its end. All options of all prompts stand side by side.
 */
export async function optionLogLikelihoods(
  asked: Asked,
  prompts: readonly Prompt[],
  look: Look | undefined,
): Promise<readonly (readonly number[])[]> {
  const rows = prompts.flatMap(({ question, options = [] }) => options.map((sequence) => ({ question, sequence })));
  const { embeds } = await embedPrompts(asked, rows, look);
  const width = embeds.shape[1] as number;
  const vocab = asked.decoder.vocab;
  // the token at t is what the position before it tells
  const places = rows.map(({ sequence }) =>
    sequence.labels.flatMap((id, t) => (id === IGNORE ? [] : [{ t: t - 1, id }])),
  );
  const most = Math.max(1, ...places.map((own) => own.length));
  const said = places.flatMap((own, row) => own.map(({ id }) => ({ row, id })));
  const plan = planRead(
    places.map((own) => own.map(({ t }) => t)),
    width,
    most,
  );
  const logs = tf.tidy(() => {
    const read = tf.tensor2d(plan.read, [rows.length, most], 'int32');
    const { last } = decode(asked.language, { embeds, read }, asked.decoder); // causal, and padding stands to the right
    const ends = takeTokens(last, tf.tensor1d([...plan.at], 'int32'));
    const all = tf.logSoftmax(logitsOf(asked.language, ends, asked.decoder)); // [said, vocab]
    const own = said.map(({ id }, i) => i * vocab + id);
    return tf.gather(tf.reshape(all, [-1]), tf.tensor1d(own, 'int32')); // [said]
  });
  const values = await logs.data();
  tf.dispose([embeds, logs]);
  const sums = rows.map(() => 0);
  said.forEach(({ row }, i) => {
    sums[row] = (sums[row] as number) + (values[i] as number);
  });
  const rest = [...sums];
  return prompts.map(({ options = [] }) => rest.splice(0, options.length));
}

/** The token of a letter that follows a colon and a space. */
function letterId({ tokenizer }: Asked, letter: string): number {
  return tokenizer.encode(`: ${letter}`, { special: false }).at(-1) as number;
}

type Row = Pick<Prompt, 'question' | 'sequence'>;

/** Prompts and what they show as layer 0 reads them. */
async function embedPrompts(asked: Asked, prompts: readonly Row[], look: Look | undefined): Promise<Embedded> {
  const shown = prompts.flatMap(({ question }) => question.image ?? []);
  const visual = shown.length === 0 ? undefined : await look?.(shown);
  const rows = prompts.map(({ question, sequence }) => ({ sequence, sees: question.image !== undefined }));
  const embedded = embedRows(asked, rows, visual);
  visual?.dispose();
  return embedded;
}
