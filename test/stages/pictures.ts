import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { stream } from '../../src/data/random.ts';

/** A small picture of coloured noise as a file; the name decides the content and, by its ending, the format. */
export async function writePicture(folder: string, name: string, width = 16, height = width): Promise<void> {
  const random = stream(9, 'picture', name);
  const colour = [random.int(200), random.int(200), random.int(200)];
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => (colour[i % 3] as number) + random.int(56));
  const image = sharp(pixels, { raw: { width, height, channels: 3 } });
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, await (name.endsWith('.png') ? image.png() : image.jpeg({ quality: 90 })).toBuffer());
}

export type Captioned = Readonly<{ id?: string; image?: string; caption: string; question?: string }>;

/** A dataset folder as a stage leaves it: pictures of 16 x 16 pixels with one question and answer each. */
export async function writeDataset(folder: string, records: readonly Captioned[]): Promise<string> {
  mkdirSync(join(folder, 'images'), { recursive: true });
  for (const { image } of records) if (image !== undefined) await writePicture(join(folder, 'images'), image);
  const chat = records.map(({ id, image, caption, question = 'what is it?' }, i) => ({
    id: id ?? String(i),
    ...(image === undefined ? {} : { image }),
    conversations: [
      { from: 'human', value: (image === undefined ? '' : '<image>\n') + question },
      { from: 'gpt', value: caption },
    ],
  }));
  writeFileSync(join(folder, 'chat.json'), JSON.stringify(chat));
  return folder;
}

export function writeLines(file: string, lines: readonly string[]): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  return file;
}
