import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IMAGE_MARK } from './template.ts';
import { loadTokenizer } from './tokenizer.ts';

/** Files that some tokenizers have beside the ones that are read here; they go along unchanged. */
const BESIDE = ['special_tokens_map.json', 'tokenizer.model', 'chat_template.jinja', 'chat_template.json'];

/**
 * Copies the tokenizer of a Hugging Face folder and gives it the token `<image>`, which LLaVA checkpoints have: at the end
 * of its vocabulary, where it is not there yet. Returns its id.
 */
export async function copyWithImageToken(from: string, to: string): Promise<number> {
  const tokenizer = await loadTokenizer(from);
  await mkdir(to, { recursive: true });
  for (const name of BESIDE) await copyIfPresent(join(from, name), join(to, name));
  const known = tokenizer.has(IMAGE_MARK);
  const id = known ? tokenizer.idOf(IMAGE_MARK) : tokenizer.vocabSize;
  if (known) {
    for (const name of ['tokenizer.json', 'tokenizer_config.json'])
      await copyIfPresent(join(from, name), join(to, name));
    return id;
  }
  const token = {
    content: IMAGE_MARK,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  };
  await edit(from, to, 'tokenizer.json', (json) => ({
    ...json,
    added_tokens: [...((json['added_tokens'] as unknown[] | undefined) ?? []), { id, ...token }],
  }));
  await edit(from, to, 'tokenizer_config.json', (json) => {
    const listed = json['added_tokens_decoder'] as Readonly<Record<string, unknown>> | undefined;
    return listed === undefined ? json : { ...json, added_tokens_decoder: { ...listed, [id]: token } };
  });
  return id;
}

type Fields = Readonly<Record<string, unknown>>;

async function edit(from: string, to: string, name: string, change: (json: Fields) => Fields): Promise<void> {
  const json = await readFile(join(from, name), 'utf8').catch(ignoreMissing);
  if (json === undefined) return;
  await writeFile(join(to, name), `${JSON.stringify(change(JSON.parse(json) as Fields), null, 1)}\n`);
}

async function copyIfPresent(from: string, to: string): Promise<void> {
  await copyFile(from, to).catch(ignoreMissing);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
