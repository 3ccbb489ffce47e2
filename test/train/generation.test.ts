import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { expandImages, type Sequence } from '../../src/data/batch.ts';
import { trainBytePairs } from '../../src/data/bpe.ts';
import type { DecoderConfig } from '../../src/data/config.ts';
import { encodeConversation, IMAGE_ID } from '../../src/data/conversation.ts';
import { stream } from '../../src/data/random.ts';
import type { TemplateName } from '../../src/data/template.ts';
import { bytePairFiles, specialList, tokenizerOf } from '../../src/data/tokenizer-write.ts';
import { openEngine } from '../../src/engine/open.ts';
import { decoderShapes, logitsOf } from '../../src/nn/decoder.ts';
import type { Weights } from '../../src/nn/weights.ts';
import { generationLoss, lastHidden, roomFor, targetsOf, textTensors } from '../../src/train/generation.ts';

beforeAll(async () => void (await openEngine()));

const special = { pad: '<pad>', bos: '<s>', eos: '</s>', unk: '<unk>', more: ['<|user|>', '<|assistant|>'] };
const texts = ['is there a red cat?', 'no, a dog', 'where is it?', 'on the grass'];
const tokenizer = tokenizerOf(bytePairFiles(trainBytePairs(texts, 130, specialList(special)), special, 256));
const TOKENS = 4;

const config: DecoderConfig = {
  family: 'llama', vocab: tokenizer.vocabSize, hidden: 16, layers: 2, heads: 2, kvHeads: 1, headDim: 8, intermediate: 24, activation: 'silu',
  ropeTheta: 10000, rmsEps: 1e-5, tied: false, maxPositions: 64, eos: [2], dtype: 'float32',
}; // biome-ignore format: a table of numbers

function weights(): Weights {
  const entries = Object.entries(decoderShapes(config)).map(([name, shape]) => {
    const random = stream(1, 'init', name);
    const size = shape.reduce((a, b) => a * b, 1);
    return [
      name,
      tf.tensor(
        Float32Array.from({ length: size }, () => (shape.length === 1 ? 1 : 0.3 * random.normal())),
        [...shape],
      ),
    ];
  });
  return Object.fromEntries(entries);
}

const turns = [
  { question: '<image>\nis there a red cat?', answer: 'no, a dog' },
  { question: 'where is it?', answer: 'on the grass' },
  { question: 'is there a dog?', answer: 'no' },
];

const sequenceOf = (asked: typeof turns, template: TemplateName, how: 'dialogue' | 'independent'): Sequence =>
  expandImages(encodeConversation(tokenizer, template, asked, how), TOKENS, IMAGE_ID);

/** Visual tokens [count, TOKENS, hidden], the same for every text. */
function visual(count: number): tf.Tensor {
  const random = stream(2, 'visual');
  const one = tf.tensor3d(Float32Array.from({ length: TOKENS * config.hidden }, random.normal), [
    1,
    TOKENS,
    config.hidden,
  ]);
  return tf.tile(one, [count, 1, 1]);
}

/** Logits at the targets of some sequences [targets, vocab], and their mean loss. */
function measure(model: Weights, sequences: readonly Sequence[], extra = { length: 0, targets: 0, most: 0 }) {
  const { length, targets, most } = roomFor(sequences);
  const room = { length: length + extra.length, targets: targets + extra.targets, most: most + extra.most };
  const batch = textTensors(sequences, room, { tokens: TOKENS, pad: 0, packed: true, share: 1 / targets });
  const seen = visual(sequences.length);
  const last = lastHidden(model, seen, batch, config);
  const at = tf.slice(batch['at'] as tf.Tensor1D, 0, targets);
  const logits = logitsOf(model, tf.gather(tf.reshape(last, [-1, config.hidden]), at), config);
  return { logits: logits.dataSync(), loss: generationLoss(model, seen, batch, config).dataSync()[0] as number };
}

const difference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))));
};

test.each(['short', 'vicuna_v1', 'plain'] as const)(
  'turns packed behind one image are what each is alone (%s)',
  (template) => {
    tf.tidy(() => {
      const model = weights();
      const packed = measure(model, [sequenceOf(turns, template, 'independent')]);
      const [first, ...others] = turns.map(({ question, answer }, i) => ({
        question: i === 0 ? question : `<image>\n${question}`,
        answer,
      }));
      const alone = measure(
        model,
        [first, ...others].map((turn) => sequenceOf([turn as (typeof turns)[0]], template, 'dialogue')),
      );
      expect(difference(packed.logits, alone.logits)).toBeLessThan(2e-5);
      expect(Math.abs(packed.loss - alone.loss)).toBeLessThan(1e-5);
    });
  },
);

test('later turns of a dialogue see the earlier ones', () => {
  tf.tidy(() => {
    const model = weights();
    const dialogue = measure(model, [sequenceOf(turns, 'short', 'dialogue')]);
    const packed = measure(model, [sequenceOf(turns, 'short', 'independent')]);
    const first = targetsOf(sequenceOf(turns.slice(0, 1), 'short', 'dialogue')).length * config.vocab;
    expect(difference(dialogue.logits.slice(0, first), packed.logits.slice(0, first))).toBeLessThan(2e-5);
    expect(difference(dialogue.logits.slice(first), packed.logits.slice(first))).toBeGreaterThan(0.01);
  });
});

test('padding of a batch changes neither logits nor loss', () => {
  tf.tidy(() => {
    const model = weights();
    const sequences = [
      sequenceOf(turns, 'short', 'independent'),
      sequenceOf(turns.slice(0, 1), 'short', 'independent'),
    ];
    const [tight, roomy] = [measure(model, sequences), measure(model, sequences, { length: 13, targets: 9, most: 5 })];
    expect(difference(tight.logits, roomy.logits)).toBeLessThan(1e-5);
    expect(Math.abs(tight.loss - roomy.loss)).toBeLessThan(1e-6);
  });
});

test('a text without an image leaves the blank one beside it unused', () => {
  tf.tidy(() => {
    const model = weights();
    const text = [{ question: 'where is it?', answer: 'on the grass' }];
    const sequence = sequenceOf(text, 'short', 'independent');
    expect(sequence.ids).not.toContain(IMAGE_ID);
    const batch = textTensors([sequence], roomFor([sequence]), { tokens: TOKENS, pad: 0, packed: true, share: 1 });
    const gradient = tf.grad((seen) => generationLoss(model, seen, batch, config))(visual(1));
    expect(Math.max(...gradient.dataSync().map(Math.abs))).toBe(0);
  });
});
