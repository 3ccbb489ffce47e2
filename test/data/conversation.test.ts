import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseLengths, expandImages, lengthFor, limitLength, makeBatch } from '../../src/data/batch.ts';
import { trainBytePairs } from '../../src/data/bpe.ts';
import {
  checkTemplate,
  encodeConversation,
  encodePieces,
  encodePrompt,
  IGNORE,
  IMAGE_ID,
  stopIds,
} from '../../src/data/conversation.ts';
import { type TemplateName, type Turn, templates, writeConversation } from '../../src/data/template.ts';
import { makeTokenizer } from '../../src/data/tokenizer.ts';
import { bytePairFiles, specialList, tokenizerOf } from '../../src/data/tokenizer-write.ts';

const names = Object.keys(templates) as TemplateName[];
const marks = [
  '<|user|>',
  '<|assistant|>',
  '<|end|>',
  '<start_of_turn>',
  '<end_of_turn>',
  '<|start_header_id|>',
  '<|end_header_id|>',
  '<|eot_id|>',
];
const special = { pad: '<pad>', bos: '<s>', eos: '</s>', unk: '<unk>', more: marks };
const files = bytePairFiles(
  trainBytePairs(['what color is the dog ? red', 'is there a cat ? yes'], 200, specialList(special)),
  special,
  512,
);
const tokenizer = tokenizerOf(files);

const talk: readonly Turn[] = [
  { question: '<image>\nWhat color is the dog?', answer: 'Red.' },
  { question: 'Is there a cat?', answer: 'No.' },
];
const text = (name: TemplateName, turns: readonly Turn[]): string =>
  writeConversation(name, turns)
    .map((piece) => piece.text)
    .join('');

test('vicuna_v1 is the text that LLaVA-1.5 trains on', () => {
  expect(text('vicuna_v1', talk)).toBe(
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the user's questions. " +
      'USER: <image>\nWhat color is the dog? ASSISTANT: Red.</s>USER: Is there a cat? ASSISTANT: No.</s>',
  );
});

test("Gemma's, Phi-3's and Llama-3's are their chat templates", () => {
  expect(text('gemma', talk)).toBe(
    '<start_of_turn>user\n<image>\nWhat color is the dog?<end_of_turn>\n<start_of_turn>model\nRed.<end_of_turn>\n' +
      '<start_of_turn>user\nIs there a cat?<end_of_turn>\n<start_of_turn>model\nNo.<end_of_turn>',
  );
  expect(text('phi3', talk)).toBe(
    '<|user|>\n<image>\nWhat color is the dog?<|end|>\n<|assistant|>\nRed.<|end|>\n<|user|>\nIs there a cat?<|end|>\n<|assistant|>\nNo.<|end|>',
  );
  expect(text('llama3', talk.slice(1))).toBe(
    '<|start_header_id|>user<|end_header_id|>\n\nIs there a cat?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nNo.<|eot_id|>',
  );
});

test('plain shows the image and the caption only; short puts the image before the first user turn', () => {
  expect(text('plain', [{ question: '<image>\ndescribe', answer: 'a dog' }])).toBe('<image>a dog\n');
  expect(text('short', talk)).toBe(
    '<image><|user|>What color is the dog?<|assistant|>Red.</s><|user|>Is there a cat?<|assistant|>No.</s>',
  );
});

test('an image mark at the end of a question is moved to its front', () => {
  expect(text('vicuna_v1', [{ question: 'Which one?\n<image>' }])).toMatch(/USER: <image>\nWhich one\? ASSISTANT:$/);
});

test.each(names)('%s: exactly the answers and their ends are learnt', (name) => {
  const { ids, labels } = encodeConversation(tokenizer, name, talk);
  expect(labels).toHaveLength(ids.length);
  const runs: number[][] = [];
  labels.forEach((label, at) => {
    if (label === IGNORE) return;
    expect(label).toBe(ids[at]);
    if (labels[at - 1] === IGNORE) runs.push([]);
    (runs.at(-1) as number[]).push(label);
  });
  const end = templates[name].assistant[1];
  const said = runs.map((run) => tokenizer.decode(run).replaceAll(/\s*(<[^>]+>)\s*/g, '$1'));
  expect(said.join('|').trim()).toBe(name === 'plain' ? 'Red.\nNo.' : `Red.${end}|No.${end}`);
  expect(ids.filter((id) => id === IMAGE_ID)).toHaveLength(1);
  expect(ids[0]).toBe(tokenizer.bos);
});

test.each(names)('%s: what a model is asked is the beginning of what it was trained on', (name) => {
  const asked = encodePrompt(tokenizer, name, [{ question: '<image>\nWhat color is the dog?' }]);
  const trained = encodeConversation(tokenizer, name, talk.slice(0, 1));
  expect(trained.ids.slice(0, asked.length)).toEqual(asked);
  expect(trained.labels.slice(0, asked.length).every((label) => label === IGNORE)).toBe(true);
  expect(trained.labels[asked.length]).not.toBe(IGNORE);
});

test.each(names)('%s: an independent turn is the shared beginning and what it would be alone', (name) => {
  const packed = expandImages(encodeConversation(tokenizer, name, talk, 'independent'), 4, 7);
  talk.forEach(({ question, answer }, i) => {
    const alone = encodeConversation(tokenizer, name, [
      { question: `<image>\n${question.replace('<image>\n', '')}`, answer: answer as string },
    ]);
    const plain = expandImages(alone, 4, 7);
    const seen = packed.segments.map((segment) => segment === 0 || segment === i + 1);
    const pick = <T>(values: readonly T[]): T[] => values.filter((_, at) => seen[at]);
    expect(pick(packed.ids)).toEqual(plain.ids);
    expect(pick(packed.labels)).toEqual(plain.labels);
    expect(pick(packed.positions)).toEqual(plain.positions);
  });
});

test('independent turns without an image share BOS alone', () => {
  const turns = talk.map(({ question, answer }) => ({
    question: question.replace('<image>\n', ''),
    answer: answer as string,
  }));
  const { ids, segments } = encodeConversation(tokenizer, 'short', turns, 'independent');
  expect(ids.filter((_, at) => segments[at] === 0)).toEqual([tokenizer.bos]);
  expect(Math.max(...segments)).toBe(2);
});

test('a token that would reach from the prompt into the answer stops the run', () => {
  // a tokenizer that merges a colon with the letter behind it
  const json = files['tokenizer.json'] as { model: { vocab: Record<string, number>; merges: unknown[] } };
  const vocab = { ...json.model.vocab, ':R': 200 };
  const model = { ...json.model, vocab, merges: [[':', 'R'], ...json.model.merges] };
  const joining = makeTokenizer(
    { ...json, model, pre_tokenizer: null },
    files['tokenizer_config.json'],
    'tokenizer.json',
  );
  const pieces = [
    { text: 'ASSISTANT:', target: false },
    { text: 'Red', target: true },
  ];
  expect(() => encodePieces(joining, pieces)).toThrow('the tokenizer joins "ASSISTANT:" and "Red"');
  expect(() => encodePieces(tokenizer, pieces)).not.toThrow();
});

test('a template that a tokenizer has no tokens for is refused with the token that is missing', () => {
  expect(() => checkTemplate(tokenizer, 'gemma')).not.toThrow();
  const bare = { ...special, more: [] };
  const small = tokenizerOf(bytePairFiles(trainBytePairs(['a'], 150, specialList(bare)), bare, 64));
  expect(() => checkTemplate(small, 'gemma')).toThrow('there is no token "<start_of_turn>"');
  expect(() => checkTemplate(small, 'vicuna_v1')).not.toThrow();
  expect(stopIds(small, 'gemma')).toEqual([small.eos]);
  expect(stopIds(tokenizer, 'llama3')).toEqual([tokenizer.idOf('<|eot_id|>')]);
});

test('visual tokens take the place of the mark, and positions run on through them', () => {
  const example = { ids: [1, IMAGE_ID, 5, 6, 7], labels: [IGNORE, IGNORE, IGNORE, 6, 7], segments: [0, 0, 1, 1, 2] };
  expect(expandImages(example, 3, 99)).toEqual({
    ids: [1, 99, 99, 99, 5, 6, 7],
    labels: [IGNORE, IGNORE, IGNORE, IGNORE, IGNORE, 6, 7],
    segments: [0, 0, 0, 0, 1, 1, 2],
    positions: [0, 1, 2, 3, 4, 5, 4],
  });
});

test('a sequence is cut at the end, a packed one before the turn that does not fit', () => {
  const packed = expandImages({ ids: [1, 5, 6, 7, 8], labels: [IGNORE, 5, 6, 7, 8], segments: [0, 1, 1, 2, 2] }, 1, 0);
  expect(limitLength(packed, 4)?.ids).toEqual([1, 5, 6]);
  expect(limitLength(packed, 2)?.ids).toEqual([1, 5]);
  expect(limitLength(packed, 9)?.ids).toEqual([1, 5, 6, 7, 8]);
  const untaught = expandImages({ ids: [1, 2, 3], labels: [IGNORE, IGNORE, 3], segments: [0, 0, 0] }, 1, 0);
  expect(limitLength(untaught, 2)).toBeUndefined();
});

test('batches are padded on the right with what no loss and no attention takes', () => {
  const sequences = [
    [1, 5, 6],
    [1, 9],
  ].map((ids) => expandImages({ ids, labels: ids, segments: ids.map(() => 0) }, 1, 0));
  expect(makeBatch(sequences, 4, 3)).toEqual({
    size: 2,
    length: 4,
    ids: Int32Array.of(1, 5, 6, 3, 1, 9, 3, 3),
    labels: Int32Array.of(1, 5, 6, IGNORE, 1, 9, IGNORE, IGNORE),
    positions: Int32Array.of(0, 1, 2, 0, 0, 1, 0, 0),
    segments: Int32Array.of(0, 0, 0, -1, 0, 0, -1, -1),
  });
  expect(() => makeBatch(sequences, 2, 3)).toThrow('a sequence of 3 tokens in a batch of 2');
});

test('the lengths chosen hold every sequence', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 4 }),
      (lengths, count) => {
        const chosen = chooseLengths(lengths, count);
        expect(chosen.length).toBeLessThanOrEqual(count);
        for (const length of lengths) expect(lengthFor(length, chosen)).toBeGreaterThanOrEqual(length);
        expect(chosen.at(-1)).toBe(Math.ceil(Math.max(...lengths) / 8) * 8);
      },
    ),
  );
});
