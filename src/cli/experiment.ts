import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { type Problem, ProblemError, type Result, succeed } from '../problem.ts';
import type { Experiment } from '../spec/experiment.ts';
import { kinds, kindsByName } from '../stages/kinds.ts';
import { locateModels } from './hub.ts';
import { narrow, unknownStages } from './narrow.ts';
import { type ReadText, remembered } from './remembered.ts';

/** Reads and checks an experiment file, or says all that is wrong with it. */
export async function readExperiment(file: string): Promise<Result<Experiment>> {
  return located(await expandFile(file, readText));
}

/** The same, with the paths of all files that were asked for, also of those that are not there. */
export async function readNoting(
  file: string,
): Promise<Readonly<{ result: Result<Experiment>; reads: readonly string[] }>> {
  const reads = new Set([file]);
  const result = await expandFile(file, (path) => {
    reads.add(path);
    return readText(path);
  });
  return { result: located(result), reads: [...reads] };
}

/** The experiment, or a ProblemError with everything that is wrong with its file. */
export async function openExperiment(file: string, cache: string): Promise<Experiment> {
  const result = located(await remembered(file, cache, readText, (read) => expandFile(file, read)));
  if (!result.ok) throw new ProblemError(...result.problems);
  return result.value;
}

async function expandFile(file: string, read: ReadText): Promise<Result<Experiment>> {
  const { loadExperiment } = await import('../spec/load.ts');
  return loadExperiment(file, kinds, read, (name) => process.env[name]);
}

function located(result: Result<Experiment>): Result<Experiment> {
  return result.ok ? succeed(locateModels(result.value, kindsByName, process.env)) : result;
}

/** Options of commands that work on a part of an experiment. */
export type PartOptions = Readonly<{ row?: readonly string[]; stage?: readonly string[]; force?: readonly string[] }>;

/** The part of an experiment that the options name; names that match nothing are mistakes. */
export async function openPart(
  file: string,
  cache: string,
  { row = [], stage = [], force = [] }: PartOptions,
): Promise<Experiment> {
  const whole = await openExperiment(file, cache);
  const part = narrow(whole, { rows: row, stages: stage });
  if (!part.ok) throw new ProblemError(...part.problems);
  const problems = unknownStages(whole, force);
  if (problems.length > 0) throw new ProblemError(...problems);
  return part.value;
}

/** undefined: there is no such file. */
function readText(path: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ProblemError({ code: 'unreadable', message: `${path} cannot be read: ${(error as Error).message}` });
  }
  if (!isUtf8(bytes)) throw new ProblemError(notUtf8(path, bytes.toString()));
  return bytes.toString();
}

/** `text`: the file as far as it could be decoded. */
function notUtf8(file: string, text: string): Problem {
  const before = text.slice(0, text.indexOf('\ufffd')).split('\n');
  const at = { file, line: before.length, column: (before.at(-1) ?? '').length + 1 };
  return { code: 'not-utf8', message: 'the file is no UTF-8 text from here on', at, hint: 'save it as UTF-8' };
}
