import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { checkpoint } from '../../src/stages/checkpoint/kind.ts';
import { problemsOf, runStage, temporary } from './run-stage.ts';

const golden = (name: string): string => resolve('test/golden', name);

/** A copy of a checkpoint that may be spoilt. */
function copyOf(name: string, only = /^(?!cases|expected|config\.v5|mm_)/): string {
  const folder = temporary();
  for (const file of readdirSync(golden(name)).filter((file) => only.test(file)))
    copyFileSync(join(golden(name), file), join(folder, file));
  return folder;
}

const refused = async (path: string, type: string): Promise<readonly string[]> =>
  (await problemsOf(runStage(checkpoint, { path, type }))).map(({ message }) => message);

test.each([
  ['encoder', 'clip-tiny'],
  ['encoder', 'siglip-tiny'],
  ['language-model', 'llama-tiny'],
  ['language-model', 'llama3-tiny'],
  ['language-model', 'gemma-tiny'],
  ['language-model', 'phi3-tiny'],
  ['model', 'llava-tiny'],
])('a checkpoint of type %s is taken in byte for byte: %s', async (type, name) => {
  const path = copyOf(name);
  const { output, metrics } = await runStage(checkpoint, { path, type });
  const files = readdirSync(path);
  expect(readdirSync(output('checkpoint'))).toEqual(files);
  for (const file of files)
    expect(readFileSync(join(output('checkpoint'), file)).equals(readFileSync(join(path, file)))).toBe(true);
  expect(metrics['files']).toBe(files.length);
  expect(metrics['parameters']).toBeGreaterThan(40_000);
});

test('an adapter is taken in, as safetensors or as a torch file', async () => {
  for (const name of ['mm_projector.safetensors', 'mm_projector.bin']) {
    const { output, metrics } = await runStage(checkpoint, {
      path: copyOf('llava-tiny', new RegExp(name)),
      type: 'adapter',
    });
    expect(readdirSync(output('checkpoint'))).toEqual([name]);
    expect(metrics['parameters']).toBe(48 * 64 + 64 + 64 * 64 + 64);
  }
});

test("training states that lie beside a checkpoint stay there; a folder of links, as Hugging Face's cache, is followed", async () => {
  const path = copyOf('llama-tiny');
  const links = temporary();
  mkdirSync(join(path, 'checkpoint-100'));
  for (const name of ['optimizer.pt', 'optimizer.bin', 'training_args.bin', 'events.out'])
    writeFileSync(join(path, name), 'x');
  for (const name of readdirSync(path)) symlinkSync(join(path, name), join(links, name));
  const { output } = await runStage(checkpoint, { path: links, type: 'language-model' });
  expect(readdirSync(output('checkpoint'))).toEqual(readdirSync(copyOf('llama-tiny')));
});

test('what cannot be used is refused with the reason', async () => {
  const missing = join(temporary(), 'none');
  expect(await refused(missing, 'encoder')).toEqual([`${missing}: there is no such folder`]);
  const file = join(golden('clip-tiny'), 'config.json');
  expect(await refused(file, 'encoder')).toEqual([`${file}: it is a file; a checkpoint is a folder`]);
  const llama = copyOf('llama-tiny');
  expect((await refused(llama, 'encoder'))[0]).toContain('a llama checkpoint, not an encoder (');
  expect((await refused(copyOf('clip-tiny', /^(?!preprocessor)/), 'encoder'))[0]).toContain(
    'preprocessor_config.json: there is no such file',
  );
  expect(await refused(copyOf('clip-tiny', /^(?!preprocessor)/), 'language-model')).toEqual([
    expect.stringContaining('a clip checkpoint, not a language-model (llama, gemma, phi3)'),
  ]);
  expect((await refused(copyOf('llama-tiny', /^(?!tokenizer\.json)/), 'language-model'))[0]).toContain(
    'tokenizer.json: there is no such file',
  );
  expect((await refused(copyOf('llama-tiny', /json$/), 'language-model'))[0]).toContain('there are no weights');
  expect((await refused(copyOf('llama-tiny'), 'adapter'))[0]).toContain('there is no mm_projector');
});

test('weights that do not fit config.json are named before anything is copied', async () => {
  const path = copyOf('llama-tiny');
  const file = join(path, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  writeFileSync(file, JSON.stringify({ ...config, vocab_size: (config['vocab_size'] as number) + 8 }));
  const messages = await refused(path, 'language-model');
  expect(messages).toHaveLength(2); // the embedding and the head
  expect(messages[0]).toMatch(
    /tensor "model\.embed_tokens\.weight" is \[\d+, 64\], but config\.json needs \[\d+, 64\]/,
  );
});

/** A copy of a fixture with one value of a JSON file changed; `where` has the keys on the way to it. */
function altered(name: string, file: string, where: string, value: unknown): string {
  const path = copyOf(name);
  const json: unknown = JSON.parse(readFileSync(join(path, file), 'utf8'));
  const keys = where.split('.');
  const last = keys.pop() as string;
  const holder = keys.reduce((at, key) => at[key] as Tree, json as Tree);
  holder[last] = value;
  writeFileSync(join(path, file), JSON.stringify(json));
  return path;
}

type Tree = { [key: string]: unknown };

test.each<['encoder' | 'language-model' | 'model', string, string, string, unknown, string]>([
  ['language-model', 'llama-tiny', 'tokenizer.json', 'model.vocab.zzz', 9999, 'token "zzz" has the id 9999'],
  ['language-model', 'llama-tiny', 'tokenizer.json', 'model.merges.3', ['a', 'b'], 'among its merges is ["a","b"]'],
  ['encoder', 'siglip-tiny', 'tokenizer.json', 'model.unk_id', 9999, '"unk_id" is 9999'],
  ['encoder', 'siglip-tiny', 'tokenizer.json', 'post_processor', null, 'does not end a text'],
  ['encoder', 'clip-tiny', 'tokenizer_config.json', 'eos_token', '<end>', 'there is no eos_token'],
  ['encoder', 'clip-tiny', 'tokenizer_config.json', 'pad_token', '<pad>', 'there is no pad_token'],
  ['encoder', 'clip-tiny', 'config.json', 'text_config.eos_token_id', 7, 'an eos_token_id of 7'],
  ['encoder', 'clip-tiny', 'preprocessor_config.json', 'crop_size', 16, 'images of 16 x 16 pixels'],
  ['model', 'llava-tiny', 'config.json', 'vision_feature_layer', -5, '"vision_feature_layer" is -5'],
  ['model', 'llava-tiny', 'config.json', 'image_token_index', 9999, '"image_token_index" is 9999'],
  ['model', 'llava-tiny', 'config.json', 'image_token_index', -200, '"image_token_index" is -200'],
  ['model', 'llava-tiny', 'config.json', 'multimodal_projector_bias', false, '"multimodal_projector_bias" is false'],
  ['model', 'llava-tiny', 'generation_config.json', 'eos_token_id', 'x', '"eos_token_id" must be token ids'],
  ['language-model', 'llama-tiny', 'tokenizer.json', 'model.type', 'Magic', 'its model is of the type "Magic"'],
  ['encoder', 'siglip-tiny', 'tokenizer.json', 'model.vocab.40.1', 'x', 'among its pieces is ['],
  ['model', 'llava-tiny', 'config.json', 'image_token_index', 300, '"image_token_index" is 300, which is the token "'],
  ['model', 'llava-tiny', 'config.json', 'image_token_index', 2, '"image_token_index" is 2, which is the eos_token'],
  [
    'language-model',
    'llama-tiny',
    'tokenizer.json',
    'model.vocab.zzz',
    2,
    'the tokens "</s>" and "zzz" share the id 2',
  ],
  ['language-model', 'llama-tiny', 'tokenizer.json', 'added_tokens.1.id', 300, 'and "<s>" share the id 300'],
  [
    'language-model',
    'llama-tiny',
    'tokenizer.json',
    'added_tokens.1.id',
    2,
    'the tokens "</s>" and "<s>" share the id 2',
  ],
])(
  'a checkpoint (%s) is refused where %s has a %s whose %s does not fit',
  async (type, name, file, where, value, message) => {
    const path = altered(name, file, where, value);
    const [told, ...more] = await refused(path, type);
    expect(told).toContain(message);
    expect(told).toContain(path);
    expect(more).toEqual([]);
  },
);

test.each(['config.json', 'tokenizer.json', 'tokenizer_config.json', 'preprocessor_config.json'])(
  'a key that stands twice in %s is told',
  async (name) => {
    const path = copyOf('llava-tiny');
    const file = join(path, name);
    const text = readFileSync(file, 'utf8');
    const [key] = Object.keys(JSON.parse(text) as object) as [string];
    writeFileSync(file, text.replace('{', `{"${key}": 1,`));
    expect(await refused(path, 'model')).toEqual([
      `${file}: not valid JSON: the key "${key}" stands twice in one object`,
    ]);
  },
);

test('a surplus tensor is named, whatever its name', async () => {
  const path = copyOf('llama-tiny');
  const weights = readFileSync(join(path, 'model.safetensors'));
  const length = Number(weights.readBigUInt64LE(0));
  const data = weights.subarray(8 + length);
  const at = data.length;
  const more = `"constructor": {"dtype": "F32", "shape": [1], "data_offsets": [${at}, ${at + 4}]}}`;
  const header = Buffer.from(
    `${weights
      .toString('utf8', 8, 8 + length)
      .trimEnd()
      .slice(0, -1)}, ${more}`,
  );
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(join(path, 'model.safetensors'), Buffer.concat([prefix, header, data, Buffer.alloc(4)]));
  expect((await refused(path, 'language-model'))[0]).toContain('tensor "constructor" is none of this model');
});

test('a shard that is missing is named', async () => {
  const path = copyOf('llama3-tiny');
  renameSync(join(path, 'model-00002-of-00003.safetensors'), join(path, 'elsewhere'));
  expect((await refused(path, 'language-model'))[0]).toContain('model-00002-of-00003.safetensors');
});
