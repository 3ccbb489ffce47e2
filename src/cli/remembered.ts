import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import { makeFolder } from '../folder.ts';
import { sha256 } from '../hash.ts';
import type { Result } from '../problem.ts';
import type { Experiment } from '../spec/experiment.ts';
import { layout } from '../store/layout.ts';

/** The text of a file; undefined when there is none. */
export type ReadText = (path: string) => string | undefined;
type Read = Readonly<{ path: string; digest: string | undefined }>;
type Memory = Readonly<{ reads: readonly Read[]; experiment: Experiment }>;

/** Below this many milliseconds of work a memory would not be quicker. */
const WORTH_KEEPING = 30;
const CHECKSUM_LENGTH = 64;

/**
 * The experiment of a file: as an earlier process of the same program expanded it, when every file that it read then
 * says the same now, else from `load`. A thousand stages take 0.1 s to check and 10 ms to remember.
 */
export async function remembered(
  file: string,
  cache: string,
  readText: ReadText,
  load: (readText: ReadText) => Promise<Result<Experiment>>,
): Promise<Result<Experiment>> {
  const build = buildOf(readText);
  if (build === undefined) return load(readText);
  const program = `${process.version} ${build}`;
  const place = layout.expanded(cache, sha256(`${resolve(file)} ${file}`));
  const known = recall(place, program, readText);
  if (known !== undefined) return { ok: true, value: known };
  const reads: Read[] = [];
  const start = performance.now();
  const result = await load((path) => {
    const text = readText(path);
    reads.push({ path, digest: digestOf(text) });
    return text;
  });
  // what a variable of the environment said is not among the texts
  const isLasting = result.ok && result.value.roots === undefined;
  if (isLasting && performance.now() - start > WORTH_KEEPING) keep(place, program, { reads, experiment: result.value });
  return result;
}

/** Names the built program; undefined when it runs from its sources, which may change under it. */
function buildOf(readText: ReadText): string | undefined {
  return readText(fileURLToPath(new URL('../.built', import.meta.url)));
}

function recall(place: string, program: string, readText: ReadText): Experiment | undefined {
  const memory = readMemory(place, program);
  const holds = memory?.reads.every(({ path, digest }) => digestOf(readText(path)) === digest);
  return holds === true ? memory?.experiment : undefined;
}

/** undefined when there is none, another program wrote it, or it is not whole: then it is made again. */
function readMemory(place: string, program: string): Memory | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(place);
  } catch {
    return undefined; // an experiment is read without it; what is wrong with the cache shows when it is opened
  }
  const body = bytes.subarray(CHECKSUM_LENGTH);
  if (bytes.toString('latin1', 0, CHECKSUM_LENGTH) !== checksum(program, body)) return undefined;
  return deserialize(body) as Memory;
}

function keep(place: string, program: string, memory: Memory): void {
  const body = serialize(memory);
  // Beside and renamed: another process may read it at this moment.
  const draft = `${place}.${process.pid}`;
  try {
    makeFolder(dirname(place));
    writeFileSync(draft, Buffer.concat([Buffer.from(checksum(program, body), 'latin1'), body]));
    renameSync(draft, place);
  } catch {
    // a full or read-only disk: it is expanded again the next time
  }
}

function checksum(program: string, body: Buffer): string {
  return sha256(`${program} ${sha256(body)}`);
}

function digestOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : sha256(text);
}
