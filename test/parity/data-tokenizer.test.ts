import { join } from 'node:path';
import { test } from 'vitest';
import { loadTokenizer, textTowerIds } from '../../src/data/tokenizer.ts';
import { exact, printExactAtEnd } from './exact.ts';
import { describeFolders, expected, foldersHolding, foldersWith, goldenRoot, openGolden } from './golden.ts';

printExactAtEnd();

describeFolders('tokenizers', foldersHolding('tokenizer.json'), 'tokenizer of %s', (name) => {
  test('ids with and without special tokens are those of the reference', async () => {
    const { cases } = await openGolden(name);
    const tokenizer = await loadTokenizer(join(goldenRoot, name));
    for (const { text, ids, ids_no_special: plain, name: at } of cases) {
      if (typeof text !== 'string' || !Array.isArray(ids)) continue;
      exact(`${name} token ids`, `${at}: ${JSON.stringify(text)}`, tokenizer.encode(text), ids);
      if (plain === undefined) continue;
      exact(`${name} token ids`, `${at} without special`, tokenizer.encode(text, { special: false }), plain);
    }
  });

  test('decoded text is that of the reference', async () => {
    const { cases } = await openGolden(name);
    const tokenizer = await loadTokenizer(join(goldenRoot, name));
    for (const { name: at, ids, new_ids: generated, decoded, decoded_skip_special: skipped } of cases) {
      const list = (ids ?? generated) as number[];
      if (typeof decoded === 'string') {
        // generated text is stored as it is shown, without special tokens
        exact(`${name} decoded text`, at, tokenizer.decode(list, { skipSpecial: generated !== undefined }), decoded);
      }
      if (typeof skipped === 'string') {
        exact(`${name} decoded text`, at, tokenizer.decode(list, { skipSpecial: true }), skipped);
      }
    }
  });
});

describeFolders('text towers', foldersWith('text'), 'text tower of %s', (name) => {
  test('texts are padded and cut as in the reference', async () => {
    const golden = await openGolden(name);
    const tokenizer = await loadTokenizer(join(goldenRoot, name));
    for (const item of golden.cases.filter(({ kind }) => kind === 'text')) {
      const { shape, values } = expected(golden, item['ids'] as string);
      const found = textTowerIds(tokenizer, item['words'] as string[], shape[1] as number);
      exact(`${name} padded texts`, item.name, [...found], [...values]);
    }
  });
});
