import * as tf from '@tensorflow/tfjs-core';
import { decodeQuestionImage, type QuestionImage } from '../benchmarks/images.ts';
import { expandImages, type Sequence } from '../data/batch.ts';
import { encodePrompt } from '../data/conversation.ts';
import { pixelTensor } from '../data/pixels.ts';
import { IMAGE_MARK, type TemplateName, type Turn } from '../data/template.ts';
import { openEngine } from '../engine/open.ts';
import { makeGenerator } from '../nn/generate.ts';
import { llavaFeatures, llavaSight, visualTokens } from '../nn/llava.ts';
import { pixelSide } from '../nn/sight.ts';
import { ProblemError } from '../problem.ts';
import { type Asked, imageToken, loadAsked } from './asked.ts';
import { embedRows } from './embed.ts';

export type ChatRequest = Readonly<{
  folder: string;
  sort: 'model' | 'language-model';
  conversation?: TemplateName;
  picture?: QuestionImage;
}>;

/** Tokens of an answer, and turns at the beginning that no longer had room. */
export type Answered = Readonly<{ text: string; tokens: number; forgotten: number }>;

export type Chat = Readonly<{
  /** Answers the last turn, greedily; `say` is given the answer piece by piece. */
  answer(turns: readonly Turn[], maxNew: number, say: (piece: string) => void): Promise<Answered>;
  close(): void;
}>;

/** A model that is asked about one picture, or about none. Opens the engine. */
export async function openChat({ folder, sort, conversation, picture }: ChatRequest): Promise<Chat> {
  if (picture !== undefined && sort === 'language-model')
    throw new ProblemError({
      code: 'no-eyes',
      message: 'a language model alone sees no picture',
      hint: 'leave --image out',
    });
  await openEngine();
  const asked = await loadAsked(folder, sort, conversation);
  const visual = picture === undefined ? undefined : await look(asked, picture);
  const generator = makeGenerator(asked.decoder);
  return {
    answer: async (turns, maxNew, say) => {
      const { sequence, forgotten } = fitting(asked, turns, visual !== undefined);
      const { embeds, present } = embedRows(asked, [{ ids: sequence.ids, sees: visual !== undefined }], visual);
      const room = asked.decoder.maxPositions - sequence.ids.length;
      const limits = { maxNew: Math.min(maxNew, room), stop: asked.stop };
      const said = { ids: [] as readonly number[], text: '' };
      try {
        for (const [ids = []] of generator.stream(asked.language, { embeds, present }, limits)) {
          said.ids = ids.filter((id) => !asked.stop.includes(id));
          const text = asked.tokenizer.decode(said.ids, { skipSpecial: true }).trimStart();
          if (text.endsWith('\uFFFD')) continue; // a letter whose other bytes are still to come
          if (text.length > said.text.length) say(text.slice(said.text.length));
          said.text = text;
          await new Promise(setImmediate);
        }
      } finally {
        embeds.dispose();
      }
      return { text: said.text.trim(), tokens: said.ids.length, forgotten };
    },
    close: () => {
      generator.dispose();
      tf.dispose([asked.weights, ...(visual === undefined ? [] : [visual])] as tf.TensorContainer);
    },
  };
}

/** Visual tokens of a picture, [1, tokens, hidden]. */
async function look({ eyes }: Asked, picture: QuestionImage): Promise<tf.Tensor> {
  if (eyes === undefined) throw new Error('a model without eyes looks at a picture');
  const { config, weights, how } = eyes;
  const decoded = await decodeQuestionImage(picture);
  return tf.tidy(() => {
    const pixels = pixelTensor([decoded], how, pixelSide(llavaSight(config)));
    return visualTokens(weights, llavaFeatures(weights, pixels, config), config);
  });
}

/** The conversation as tokens, the picture in its first turn; the oldest turns are left out where there is no room. */
function fitting(
  asked: Asked,
  turns: readonly Turn[],
  sees: boolean,
): Readonly<{ sequence: Sequence; forgotten: number }> {
  for (let forgotten = 0; forgotten < turns.length; forgotten++) {
    const kept = turns.slice(forgotten).map((turn, i) => (sees && i === 0 ? withImage(turn) : turn));
    const ids = encodePrompt(asked.tokenizer, asked.template, kept);
    const example = { ids, labels: ids, segments: ids.map(() => 0) };
    const sequence = expandImages(example, asked.eyes?.tokens ?? 0, imageToken(asked));
    if (sequence.ids.length < asked.decoder.maxPositions) return { sequence, forgotten };
  }
  const message = `the question leaves no room for an answer: the model has ${asked.decoder.maxPositions} positions`;
  throw new ProblemError({ code: 'prompt-too-long', message });
}

function withImage(turn: Turn): Turn {
  return { ...turn, question: `${IMAGE_MARK}\n${turn.question}` };
}
