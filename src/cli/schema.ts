import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../folder.ts';
import { ProblemError } from '../problem.ts';
import { experimentSchemaText } from '../spec/schema.ts';
import { kinds } from '../stages/kinds.ts';
import type { Context } from './context.ts';

/** A folder, or true for the default one. */
type SchemaOptions = Readonly<{ write?: string | true; check?: string | true }>;

const fileName = 'experiment.schema.json';
const defaultFolder = 'schemas';

/** `sea schema`: the JSON Schema of experiment files, made from the stage kinds. */
export async function printSchema(options: SchemaOptions, { output }: Context): Promise<number> {
  const text = experimentSchemaText(kinds);
  if (options.check !== undefined) {
    const file = pathIn(options.check);
    if (readText(file) === text) return 0;
    const hint = 'write it again with `sea schema --write`';
    throw new ProblemError({ code: 'stale-schema', message: `${file} is not what the stage kinds say`, hint });
  }
  if (options.write === undefined) output.out(text.trimEnd());
  else {
    const file = pathIn(options.write);
    makeFolder(dirname(file));
    if (readText(file) !== text) writeFileSync(file, text);
    output.out(file);
  }
  return 0;
}

function pathIn(folder: string | true): string {
  return join(folder === true ? defaultFolder : folder, fileName);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
