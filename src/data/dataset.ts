import { access } from 'node:fs/promises';
import { join, normalize, sep } from 'node:path';
import { type Problem, ProblemError } from '../problem.ts';
import { badItem, type OnBadItem, quoteBytes, settle, utf8OrUndefined } from './bad-items.ts';
import { readImage } from './image.ts';
import { jsonItems } from './json-items.ts';
import { IMAGE_MARK, type Turn } from './template.ts';

/** One conversation; `image` is relative to the images' folder. The first question has the `<image>` mark. */
export type ChatRecord = Readonly<{ id: string; image?: string; turns: readonly Required<Turn>[] }>;

export type Chat = Readonly<{ records: readonly ChatRecord[]; problems: readonly Problem[] }>;

export type ChatOptions = Readonly<{
  onBadItem?: OnBadItem;
  /** decode: every image is read once. exists: its file is there. trust: the folder was checked before. */
  images?: 'decode' | 'exists' | 'trust';
  /** aborted while images are looked at: throws its reason */
  signal?: AbortSignal;
}>;

/** A dataset folder, chat.json beside images/, that a stage wrote: its images were checked then. */
export async function readDataset(folder: string): Promise<readonly ChatRecord[]> {
  const { records } = await readChat(join(folder, 'chat.json'), join(folder, 'images'), { images: 'trust' });
  return records;
}

/** Names of the images of records, each once, in the order of the records. */
export function imagesOf(records: readonly ChatRecord[]): readonly string[] {
  return [...new Set(records.flatMap(({ image }) => image ?? []))];
}

/**
 * LLaVA's conversation file, checked: broken or missing image, duplicate id, text that is not UTF-8, turns out of
 * order, `<image>` marks that do not fit. Every bad record is named with the line where it begins. `imageFolder` is
 * undefined for text only.
 */
export async function readChat(
  file: string,
  imageFolder: string | undefined,
  { onBadItem = 'stop', images = 'decode', signal }: ChatOptions = {},
): Promise<Chat> {
  const { found, problems } = await readRecords(file);
  const broken = images === 'trust' ? new Map<string, string>() : await checkImages(found, imageFolder, images, signal);
  const good = found.filter(({ record, line }) => {
    const message = record.image === undefined ? undefined : broken.get(record.image);
    if (message === undefined) return true;
    problems.push(badItem('bad-image', file, line, `record "${record.id}": ${message}`));
    return false;
  });
  problems.sort((a, b) => (a.at?.line ?? 0) - (b.at?.line ?? 0));
  settle(problems, onBadItem);
  if (good.length === 0) {
    throw new ProblemError(
      { code: 'no-records', message: `${file}: there is no record that can be used` },
      ...problems,
    );
  }
  return { records: good.map(({ record }) => record), problems };
}

type Found = Readonly<{ record: ChatRecord; line: number }>;

async function readRecords(file: string): Promise<{ found: Found[]; problems: Problem[] }> {
  const found: Found[] = [];
  const problems: Problem[] = [];
  const lines = new Map<string, number>();
  try {
    for await (const { bytes, line } of jsonItems(file)) {
      const record = parseRecord(bytes);
      if (typeof record === 'string') {
        problems.push(badItem('bad-record', file, line, record));
      } else if (lines.has(record.id)) {
        problems.push(
          badItem(
            'duplicate-id',
            file,
            line,
            `id "${record.id}" is taken by the record of line ${lines.get(record.id)}`,
          ),
        );
      } else {
        lines.set(record.id, line);
        found.push({ record, line });
      }
    }
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const message = missing ? 'there is no such file' : (error as Error).message;
    throw new ProblemError({ code: 'bad-chat-file', message: `${file}: ${message}` });
  }
  return { found, problems };
}

/** The record, or what is wrong with it. */
function parseRecord(bytes: Buffer): ChatRecord | string {
  const text = utf8OrUndefined(bytes);
  if (text === undefined) return `the record ${quoteBytes(bytes.subarray(badByte(bytes)))} is not UTF-8`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return `not valid JSON: ${(error as Error).message}`;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'a record must be a JSON object';
  const { id, image, conversations } = json as Readonly<Record<string, unknown>>;
  if ((typeof id !== 'string' && typeof id !== 'number') || id === '') return 'a record needs an "id"';
  const name = `record "${id}"`;
  if (image !== undefined && (typeof image !== 'string' || !isInside(image))) {
    return `${name}: "image" must be a path below the folder of images, not ${JSON.stringify(image)}`;
  }
  const turns = parseTurns(conversations);
  if (typeof turns === 'string') return `${name}: ${turns}`;
  const marks = turns.reduce((sum, { question }) => sum + question.split(IMAGE_MARK).length - 1, 0);
  if (marks !== (image === undefined ? 0 : 1)) {
    return `${name}: ${image === undefined ? 'no "image"' : 'one "image"'}, but ${marks} ${IMAGE_MARK} marks in its questions`;
  }
  return { id: String(id), ...(image === undefined ? {} : { image: image as string }), turns };
}

/** A little before the first byte that is not UTF-8. */
function badByte(bytes: Buffer): number {
  let valid = 0;
  for (let step = bytes.length; step >= 1; step = Math.floor(step / 2)) {
    // a cut character at the end of the part is no mistake: streaming accepts it
    while (valid + step <= bytes.length && isUtf8Start(bytes.subarray(0, valid + step))) valid += step;
  }
  return Math.max(0, valid - 12);
}

function isUtf8Start(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** A relative path that stays below the folder it is relative to, on any system. */
export const isInside = (path: string): boolean =>
  path !== '' && !/^([\\/]|[A-Za-z]:)/.test(path) && !normalize(path).split(sep).includes('..');

function parseTurns(conversations: unknown): readonly Required<Turn>[] | string {
  if (!Array.isArray(conversations)) return '"conversations" must be a list';
  const said = conversations as readonly Readonly<{ from?: unknown; value?: unknown }>[];
  const first = said[0]?.from === 'gpt' ? 1 : 0; // LLaVA passes over an answer without a question
  if (said.length - first < 2 || (said.length - first) % 2 !== 0) return 'needs questions and answers in turn';
  const turns: Required<Turn>[] = [];
  for (let i = first; i < said.length; i += 2) {
    const [human, gpt] = [said[i], said[i + 1]];
    if (human?.from !== 'human' || gpt?.from !== 'gpt')
      return `entry ${i + 1} and ${i + 2} must be from "human" and "gpt"`;
    if (typeof human.value !== 'string' || typeof gpt.value !== 'string')
      return `entry ${i + 1} or ${i + 2} has no text in "value"`;
    turns.push({ question: human.value, answer: gpt.value });
  }
  return turns;
}

/** What is wrong with each image that cannot be used; several are read side by side. */
async function checkImages(
  found: readonly Found[],
  folder: string | undefined,
  how: 'decode' | 'exists',
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, string>> {
  const names = imagesOf(found.map(({ record }) => record));
  const broken = new Map<string, string>();
  const check = async (name: string): Promise<void> => {
    if (folder === undefined) {
      broken.set(name, `image "${name}", but no folder of images was given`);
      return;
    }
    const file = join(folder, name);
    try {
      await (how === 'decode' ? readImage(file) : access(file));
    } catch (error) {
      broken.set(name, how === 'decode' ? (error as Error).message : `${file}: there is no such file`);
    }
  };
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let name = names[next++]; name !== undefined; name = names[next++]) {
      signal?.throwIfAborted();
      await check(name);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return broken;
}
