import { open } from 'node:fs/promises';
import { ProblemError } from '../problem.ts';
import { parseJson } from './json-text.ts';

/** The largest tokenizer.json in use has 35 MB. */
const MAX_BYTES = 256e6;

/** How a problem of the file is told; `absent`: what a file that is not there stands for. */
type Telling = Readonly<{ code: string; hint?: string; absent?: unknown }>;

/** A JSON file of a checkpoint. Throws ProblemError naming it, also where an object has a key twice. */
export async function readJsonFile(file: string, telling: Telling): Promise<unknown> {
  const { code, hint } = telling;
  const bad = (message: string, what?: string): ProblemError =>
    new ProblemError({ code, message: `${file}: ${message}`, ...(what === undefined ? {} : { hint: what }) });
  let text: string;
  try {
    text = await readText(file);
  } catch (error) {
    const { code: reason, message } = error as NodeJS.ErrnoException;
    if (reason !== 'ENOENT') throw bad(`it cannot be read: ${message}`);
    if ('absent' in telling) return telling.absent;
    throw bad('there is no such file', hint);
  }
  try {
    return parseJson(text);
  } catch (error) {
    throw bad(`not valid JSON: ${(error as Error).message}`);
  }
}

async function readText(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const about = await handle.stat();
    if (!about.isFile()) throw new Error('it is not a file');
    if (about.size > MAX_BYTES) throw new Error(`${about.size} bytes are more than such a file has`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
