import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import { complete, type Names } from './completion/complete.ts';
import { completionScripts, type Shell } from './completion/scripts.ts';
import { brokenOff, shellWords } from './completion/shell-words.ts';
import type { Context } from './context.ts';
import { openExperiment } from './experiment.ts';

/**
 * `sea completion`: the script for a shell; with words, what may stand in place of the last one, a candidate a line.
 * bash hands over its line and its own last word, the others the words as they stand there.
 */
export async function printCompletion(
  shell: Shell,
  words: readonly string[],
  program: Command,
  { output, cache }: Context,
): Promise<number> {
  if (words.length === 0) {
    output.out(completionScripts[shell].trimEnd());
    return 0;
  }
  const [line = '', current = ''] = words;
  const read = shell === 'bash' ? shellWords(line) : words.map((word) => shellWords(word).join(' '));
  const cut = shell === 'bash' ? brokenOff(read.at(-1) ?? '', current).length : 0;
  const found = await complete(program, read, namesNear(cacheIn(read) ?? cache));
  if (found.length > 0) output.out(found.map((one) => one.slice(cut)).join('\n'));
  return 0;
}

/** The cache that the line being completed names. */
function cacheIn(words: readonly string[]): string | undefined {
  const at = words.lastIndexOf('--cache');
  return at < 0 || at >= words.length - 2 ? undefined : words[at + 1];
}

function namesNear(cache: string): Names {
  return {
    rows: async (file) => (await openExperiment(file, cache)).rows.map((row) => row.name),
    columns: async (file) =>
      (await openExperiment(file, cache)).tables.flatMap(({ columns }) => columns.map(({ label }) => label)),
    async stages(file) {
      if (file !== undefined) {
        const { stages } = await openExperiment(file, cache);
        return stages.flatMap(({ id, name }) => [name, id]);
      }
      if (!existsSync(cache)) return [];
      const { openStore } = await import('../store/sqlite.ts');
      const store = openStore(cache, 'read');
      try {
        return [...store.entries()].flatMap(({ name, stage }) => [name, stage]);
      } finally {
        store.close();
      }
    },
    kinds: async () => (await import('../stages/kinds.ts')).kinds.map(({ kind }) => kind),
    files: filesFrom,
  };
}

/** Experiment files and folders whose path begins so; a hidden one only when its dot is written. */
function filesFrom(prefix: string): readonly string[] {
  const folder = prefix.endsWith('/') ? prefix : `${dirname(prefix)}/`;
  const begin = prefix.endsWith('/') ? '' : basename(prefix);
  const shown = folder === './' && !prefix.startsWith('./') ? '' : folder;
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name.startsWith(begin) && (begin !== '' || !name.startsWith('.')))
    .flatMap((entry) =>
      entry.isDirectory() ? [`${shown}${entry.name}/`] : /\.ya?ml$/.test(entry.name) ? [shown + entry.name] : [],
    )
    .sort();
}
