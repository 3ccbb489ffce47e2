import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { makeFolder } from '../folder.ts';
import { ProblemError } from '../problem.ts';
import { paint } from '../report/style.ts';
import type { Context } from './context.ts';
import {
  isStarterName,
  type StarterFile,
  type StarterSource,
  starterFiles,
  starterSources,
} from './starter/starter.ts';

type InitOptions = Readonly<{ name?: string; data?: StarterSource; yes?: boolean }>;
type Choice = Readonly<{ name: string; source: StarterSource }>;

/** `sea init`: a commented starter experiment, from flags or a few questions. Replaces no file. */
export async function init(folder: string, options: InitOptions, { output }: Context): Promise<number> {
  const asks = options.yes !== true && output.live && process.stdin.isTTY === true;
  const choice = asks ? await ask(folder, options) : chosen(folder, options);
  if (choice === undefined) return 130;
  if (!isStarterName(choice.name)) {
    const hint = 'letters, digits, - and _; mini is taken by the base: --name first';
    throw new ProblemError({ code: 'name', message: `"${choice.name}" cannot name an experiment`, hint });
  }
  const files = starterFiles(choice.name, choice.source, {
    base: published('mini.yaml'),
    ownData: published('own-data.yaml'),
  });
  const paths = files.map(({ name }) => join(folder, name));
  const taken = paths.filter((path) => existsSync(path));
  if (taken.length > 0) {
    const hint = 'choose another name or folder: sea init DIR --name NAME';
    throw new ProblemError({ code: 'exists', message: `${taken.join(', ')} exists already`, hint });
  }
  write(folder, files);
  const [experiment = ''] = paths;
  const next = choice.source === 'mini' ? `sea run ${experiment}` : `sea validate ${experiment}`;
  const what = choice.source === 'mini' ? '' : ' names the files of yours that it needs';
  output.out([...paths, `${paint(output.style, 'dim', 'next:')} ${next}${what}`].join('\n'));
  return 0;
}

function defaultName(folder: string): string {
  const name = basename(resolve(folder));
  return isStarterName(name) ? name : 'first';
}

function chosen(folder: string, { name, data }: InitOptions): Choice {
  return { name: name ?? defaultName(folder), source: data ?? 'mini' };
}

/** undefined: the questions were left with Ctrl-C or Ctrl-D. */
async function ask(folder: string, options: InitOptions): Promise<Choice | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const left = new AbortController();
  lines.on('SIGINT', () => left.abort());
  lines.on('close', () => left.abort());
  try {
    const usual = chosen(folder, options);
    const question = async (text: string, usually: string): Promise<string> =>
      (await lines.question(`${text} [${usually}] `, { signal: left.signal })).trim() || usually;
    const name = options.name ?? (await question('Name of the experiment?', usual.name));
    let source: string = options.data ?? '';
    while (!isSource(source)) source = await question('Data: mini (the drawn world) or own?', usual.source);
    return { name, source };
  } catch (error) {
    if (left.signal.aborted) return undefined;
    throw error;
  } finally {
    lines.close();
  }
}

function isSource(text: string): text is StarterSource {
  return starterSources.some((source) => source === text);
}

/** An experiment file that comes with the program. */
function published(name: string): string {
  return readFileSync(new URL(`../../experiments/${name}`, import.meta.url), 'utf8');
}

function write(folder: string, files: readonly StarterFile[]): void {
  try {
    makeFolder(folder);
    for (const { name, text } of files) writeFileSync(join(folder, name), text, { flag: 'wx' });
  } catch (error) {
    throw new ProblemError({ code: 'not-writable', message: `cannot write in ${folder}: ${(error as Error).message}` });
  }
}
