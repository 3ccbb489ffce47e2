import { mkdir, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { makeFolder } from '../folder.ts';
import { ProblemError } from '../problem.ts';

/** Names that an exported folder has: what `force` may replace. */
const exported =
  /^(README\.md|(adapter_|generation_|tokenizer_|preprocessor_|processor_)?config\.json|tokenizer\.(json|model)|special_tokens_map\.json|added_tokens\.json|vocab\.(json|txt)|merges\.txt|chat_template\.(jinja|json)|model(-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json|mm_projector\.(safetensors|bin))$/;

/**
 * Has `write` fill a folder beside `target` and gives it that name when it is complete, so that a folder of that name is
 * never half-written. One that is not empty is replaced with `force` only, and only where nothing but an earlier export
 * lies in it. Throws ProblemError before anything is written.
 */
export async function writeFolder<T>(
  target: string,
  force: boolean,
  write: (folder: string) => Promise<T>,
): Promise<T> {
  const existing = await realpath(target).catch(() => undefined);
  const final = existing ?? resolve(target);
  const replaces = existing !== undefined && (await checkReplaceable(target, existing, force));
  makeFolder(dirname(final));
  const beside = (what: string): string => join(dirname(final), `.${basename(final)}.${process.pid}.${what}`);
  const unfinished = beside('tmp');
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished);
  try {
    const result = await write(unfinished);
    if (replaces) await replace(final, unfinished, beside('old'));
    else await rename(unfinished, final);
    return result;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function replace(final: string, unfinished: string, old: string): Promise<void> {
  await rename(final, old);
  try {
    await rename(unfinished, final);
  } catch (error) {
    await rename(old, final);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}

/** Whether something lies there; throws when it must stay. */
async function checkReplaceable(target: string, path: string, force: boolean): Promise<boolean> {
  const bad = (code: string, message: string, hint: string): ProblemError =>
    new ProblemError({ code, message: `${target} ${message}`, hint });
  if (!(await stat(path)).isDirectory())
    throw bad('not-a-folder', 'is a file', 'name a folder that does not exist yet');
  if (!relative(path, process.cwd()).startsWith('..')) {
    throw bad('own-folder', 'is the folder you are in, or around it', 'name a folder that does not exist yet');
  }
  const entries = await readdir(path, { withFileTypes: true });
  if (entries.length === 0) return false;
  if (!force) throw bad('folder-not-empty', 'is not empty', '--force replaces an earlier export');
  const foreign = entries.find((entry) => !entry.isFile() || !exported.test(entry.name));
  if (foreign !== undefined) {
    throw bad('foreign-file', `holds ${foreign.name}, which no export wrote`, 'name another folder, or clear this one');
  }
  return true;
}
