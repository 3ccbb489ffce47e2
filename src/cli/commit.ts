import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The commit that is checked out where a file lies, read from git's own files; nothing outside a repository. */
export function commitOf(file: string): Readonly<{ commit?: string }> {
  const git = findGit(dirname(resolve(file)));
  if (git === undefined) return {};
  const head = readLine(join(git, 'HEAD'));
  const ref = head?.startsWith('ref: ') === true ? head.slice('ref: '.length) : undefined;
  const commit = ref === undefined ? head : readRef(git, ref);
  return commit !== undefined && /^[0-9a-f]{40,64}$/.test(commit) ? { commit } : {};
}

function findGit(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const git = join(at, '.git');
    if (existsSync(join(git, 'HEAD'))) return git;
    // in a worktree `.git` is a file that names the real folder
    const link = readLine(git);
    if (link?.startsWith('gitdir: ') === true) return resolve(at, link.slice('gitdir: '.length));
    if (dirname(at) === at) return undefined;
  }
}

function readRef(git: string, ref: string): string | undefined {
  const common = readLine(join(git, 'commondir'));
  const home = common === undefined ? git : resolve(git, common);
  const loose = readLine(join(git, ref)) ?? readLine(join(home, ref));
  if (loose !== undefined) return loose;
  const packed = join(home, 'packed-refs');
  if (!existsSync(packed)) return undefined;
  const line = readFileSync(packed, 'utf8')
    .split('\n')
    .find((candidate) => candidate.endsWith(` ${ref}`));
  return line?.split(' ')[0];
}

function readLine(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    // not there, or a folder: there is nothing to read in either case
    return undefined;
  }
}
