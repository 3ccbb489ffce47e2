import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyImages } from '../../data/copy-images.ts';
import { type ChatRecord, imagesOf, readChat } from '../../data/dataset.ts';
import { problemLine } from '../../problem.ts';
import type { Run } from '../kind.ts';
import type { Params } from './kind.ts';

export const run: Run<Params, never, 'data'> = async ({ params, output, signal, log }) => {
  const { records, problems } = await readChat(params.chat, params.images, { onBadItem: params.onBadItem, signal });
  for (const problem of problems) log(`left out: ${problemLine(problem)}`);
  const images = imagesOf(records);
  await mkdir(join(output.data, 'images'), { recursive: true });
  if (params.images !== undefined) await copyImages(images, params.images, join(output.data, 'images'), signal);
  await writeFile(join(output.data, 'chat.json'), `${JSON.stringify(records.map(llavaRecord), null, 1)}\n`);
  return { records: records.length, images: images.length, skipped: problems.length };
};

function llavaRecord({ id, image, turns }: ChatRecord) {
  const conversations = turns.flatMap(({ question, answer }) => [
    { from: 'human', value: question },
    { from: 'gpt', value: answer },
  ]);
  return { id, ...(image === undefined ? {} : { image }), conversations };
}
