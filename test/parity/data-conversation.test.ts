import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { expandImages, makeBatch } from '../../src/data/batch.ts';
import { type Example, encodePieces } from '../../src/data/conversation.ts';
import { loadTokenizer, type Tokenizer } from '../../src/data/tokenizer.ts';
import { exact, printExactAtEnd } from './exact.ts';
import {
  type Case,
  describeFolders,
  foldersHolding,
  foldersWith,
  type Golden,
  goldenRoot,
  openGolden,
} from './golden.ts';

printExactAtEnd();

type Stored = Readonly<{
  input_ids: readonly number[];
  labels: readonly number[];
  original_input_ids: readonly number[];
}>;

/** The tokenizer that the pieces were made with is that of another folder: the one that gives the ids of every case. */
async function piecesTokenizer(items: readonly Case[]): Promise<Tokenizer> {
  for (const folder of foldersHolding('tokenizer.json')) {
    const tokenizer = await loadTokenizer(join(goldenRoot, folder));
    const fits = items.every(
      (item) => JSON.stringify(encode(tokenizer, item)?.ids) === JSON.stringify(item['original_input_ids']),
    );
    if (fits) return tokenizer;
  }
  throw new Error('no tokenizer of the set gives the ids of the pieces');
}

/** The prompt, the answer, and the special token that ends the stored ids (`</s>`, `<eos>`, ...), if one does. */
function encode(tokenizer: Tokenizer, item: Case): Example | undefined {
  const ids = item['original_input_ids'] as number[];
  const last = tokenizer.decode(ids.slice(-1));
  const end = tokenizer.decode(ids.slice(-1), { skipSpecial: true }) === '' ? last : '';
  try {
    return encodePieces(tokenizer, [
      { text: item['prompt'] as string, target: false },
      { text: (item['answer'] as string) + end, target: true },
    ]);
  } catch {
    return undefined;
  }
}

/** How many ids stand for one image, and which one: read off the stored ids, as the model's configuration has it. */
function imageOf(golden: Golden, items: readonly Case[]): { tokens: number; id: number } {
  for (const item of items) {
    const { input_ids: ids, original_input_ids: original } = item as unknown as Stored;
    const images = original.filter((id) => id === -200).length;
    if (images === 0) continue;
    return { tokens: (ids.length - original.length) / images + 1, id: ids[original.indexOf(-200)] as number };
  }
  throw new Error(`${golden.name} has no text with an image`);
}

const inPieces = ({ cases }: Golden): readonly Case[] =>
  cases.filter(({ kind, original_input_ids: ids }) => kind === 'llava' && Array.isArray(ids));

const folders: string[] = [];
for (const name of foldersWith('llava')) {
  if (existsSync(join(goldenRoot, name, 'config.json')) && inPieces(await openGolden(name)).length > 0)
    folders.push(name);
}

describeFolders('conversations', folders, 'conversations of %s', (name) => {
  test('ids, labels and padding of texts in pieces are those of the reference', async () => {
    const golden = await openGolden(name);
    const items = inPieces(golden);
    const tokenizer = await piecesTokenizer(items);
    const { tokens, id } = imageOf(golden, items);
    const made = new Map(
      items.map((item) => [item.name, expandImages(encode(tokenizer, item) as Example, tokens, id)]),
    );
    for (const item of items) {
      const { input_ids: ids, labels } = item as unknown as Stored;
      exact(`${name} ids with visual tokens`, item.name, made.get(item.name)?.ids, ids);
      exact(`${name} labels`, item.name, made.get(item.name)?.labels, labels);
    }
    for (const item of golden.cases.filter(({ kind }) => kind === 'llava_batch')) {
      const members = (item['members'] as string[]).map((member) => made.get(member));
      if (members.some((member) => member === undefined)) continue;
      const rows = item['input_ids'] as number[][];
      const length = rows[0]?.length ?? 0;
      const pad = rows.flat().find((_, at) => (item['attention_mask'] as number[][]).flat()[at] === 0) ?? 0;
      const batch = makeBatch(members as NonNullable<(typeof members)[number]>[], length, pad);
      exact(`${name} batches`, item.name, [...batch.ids], rows.flat());
      exact(`${name} batches`, item.name, [...batch.labels], (item['labels'] as number[][]).flat());
      exact(
        `${name} batches`,
        item.name,
        [...batch.segments].map((segment) => (segment < 0 ? 0 : 1)),
        (item['attention_mask'] as number[][]).flat(),
      );
    }
  });
});
