import * as tf from '@tensorflow/tfjs-core';
import { LETTERS } from '../../benchmarks/choices.ts';
import { IGNORE } from '../../data/conversation.ts';
import { type Asked, imageToken } from '../../model/asked.ts';
import { type Embedded, embedRows } from '../../model/embed.ts';
import { logitsOf } from '../../nn/decoder.ts';
import { takeTokens } from '../../nn/embedding.ts';
import type { Generator } from '../../nn/generate.ts';
import { type Prompts, promptTensors, readPrompts } from '../../nn/prompts.ts';
import type { Look } from './gaze.ts';
import type { Prompt } from './prompt.ts';
import { type Row, shareBeginnings } from './share.ts';

/** Greedy answers to some questions. */
export async function answer(
  asked: Asked,
  generator: Generator,
  prompts: readonly Prompt[],
  look: Look | undefined,
): Promise<readonly string[]> {
  const { texts } = await embedTexts(asked, prompts.map(endOf), look);
  const maxNew = Math.max(...prompts.map((prompt) => prompt.maxNew));
  const answers = generator.generate(asked.language, texts, { maxNew, stop: asked.stop });
  disposeOf(texts);
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
  const { texts, reads } = await embedTexts(asked, prompts.map(endOf), look);
  const logs = tf.tidy(() => {
    const { last } = readPrompts(asked.language, promptTensors(texts, reads, false), asked.decoder);
    const rows = tf.reshape(last, [reads.length, asked.decoder.hidden]);
    return tf.logSoftmax(logitsOf(asked.language, rows, asked.decoder)); // [B, vocab]
  });
  const values = await logs.data();
  const vocab = logs.shape[1] as number;
  logs.dispose();
  disposeOf(texts);
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
  // the token at t is what the position before it tells
  const rows = prompts.flatMap(({ question, options = [] }) =>
    options.map(({ ids, labels }) => {
      const said = labels.flatMap((id, t) => (id === IGNORE ? [] : [{ t: t - 1, id }]));
      return { question, ids, reads: said.map(({ t }) => t), said };
    }),
  );
  const { texts, reads } = await embedTexts(asked, rows, look);
  const vocab = asked.decoder.vocab;
  const most = Math.max(1, ...reads.map((own) => own.length));
  const said = rows.flatMap((row, b) => row.said.map(({ id }, m) => ({ row: b, at: b * most + m, id })));
  const logs = tf.tidy(() => {
    const { last } = readPrompts(asked.language, promptTensors(texts, reads, false), asked.decoder);
    const ends = takeTokens(
      last,
      tf.tensor1d(
        said.map(({ at }) => at),
        'int32',
      ),
    );
    const all = tf.logSoftmax(logitsOf(asked.language, ends, asked.decoder)); // [said, vocab]
    const own = said.map(({ id }, i) => i * vocab + id);
    return tf.gather(tf.reshape(all, [-1]), tf.tensor1d(own, 'int32')); // [said]
  });
  const values = await logs.data();
  logs.dispose();
  disposeOf(texts);
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

/** A prompt of which the last token's state is wanted. */
const endOf = ({ question, sequence: { ids } }: Prompt): Row => ({ question, ids, reads: [ids.length - 1] });

type Texts = Readonly<{ texts: Prompts; reads: readonly (readonly number[])[] }>;

/** Texts and what they show as layer 0 reads them, and where in each row's own part the wanted tokens stand. */
async function embedTexts(asked: Asked, rows: readonly Row[], look: Look | undefined): Promise<Texts> {
  const shared = shareBeginnings(rows, imageToken(asked));
  if (shared === undefined) return { texts: await embedSeen(asked, rows, look), reads: rows.map(({ reads }) => reads) };
  const { beginnings, of, rests } = shared;
  const prefix = { ...(await embedSeen(asked, beginnings, look)), of };
  const own = rests.map(({ ids }) => ({ ids, sees: false }));
  return { texts: { ...embedRows(asked, own, undefined), prefix }, reads: rests.map(({ reads }) => reads) };
}

async function embedSeen(asked: Asked, rows: readonly Omit<Row, 'reads'>[], look: Look | undefined): Promise<Embedded> {
  const shown = rows.flatMap(({ question }) => question.image ?? []);
  const visual = shown.length === 0 ? undefined : await look?.(shown);
  const embedded = embedRows(
    asked,
    rows.map(({ question, ids }) => ({ ids, sees: question.image !== undefined })),
    visual,
  );
  visual?.dispose();
  return embedded;
}

function disposeOf({ embeds, prefix }: Prompts): void {
  tf.dispose([embeds, ...(prefix === undefined ? [] : [prefix.embeds])]);
}
