import { makeFolder } from '../folder.ts';
import { ProblemError } from '../problem.ts';

/** A path of more characters is not told whole. */
const LONGEST_TOLD = 200;

/** Makes the folder of a store where it is missing. */
export function makeRoot(root: string): void {
  try {
    makeFolder(root);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const told = root.length > LONGEST_TOLD ? `${root.slice(0, LONGEST_TOLD)}... (${root.length} characters)` : root;
    throw new ProblemError({
      code: 'not-writable',
      message: `the cache ${told} cannot be made: ${reasons[code] ?? message}`,
      hint: 'choose another folder with --cache',
    });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its file system takes no new folders',
  ENOTDIR: 'a file lies where a folder has to be',
  EEXIST: 'a file lies where a folder has to be',
  ENAMETOOLONG: 'its path is too long',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'its file system is read-only',
};
