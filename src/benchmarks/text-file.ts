import { readdir, readFile } from 'node:fs/promises';
import { type Place, type Problem, ProblemError } from '../problem.ts';

/** Stops with one problem at a line of a file. */
export function stopAt(file: string, line: number, code: string, message: string, hint?: string): never {
  throw new ProblemError(problemAt(file, line, code, message, hint));
}

export function problemAt(file: string, line: number, code: string, message: string, hint?: string): Problem {
  const at: Place = { file, line, column: 1 };
  return { code, message, at, ...(hint === undefined ? {} : { hint }) };
}

export const UTF_16_HINT = 'the file looks like UTF-16: save it as UTF-8';

/** The bytes of a file; a missing one is a problem, with what should have been there. */
export async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const message = code === 'ENOENT' ? `no such file: ${file}` : `cannot read ${file}: ${(error as Error).message}`;
    throw new ProblemError({ code: 'unreadable-file', message });
  }
}

/** The names in a folder of official files; a missing one is a problem. */
export async function readNames(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reason = code === 'ENOENT' || code === 'ENOTDIR' ? 'no such folder' : (error as Error).message;
    throw new ProblemError({ code: 'unreadable-file', message: `${reason}: ${folder}` });
  }
}

/** UTF-8 text of bytes; stops at the line whose bytes are no UTF-8. */
export function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // text of other encodings holds no zero bytes
    const hint = bytes.includes(0) ? UTF_16_HINT : 'save the file as UTF-8';
    return stopAt(file, badLine(bytes), 'not-utf-8', 'this line is not UTF-8', hint);
  }
}

// a newline byte is never part of a longer UTF-8 character
function badLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let start = 0;
  for (let line = 1; start <= bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end + 1;
  }
  throw new Error('every line is UTF-8 but the whole is not');
}

/** Lines as Python's text files give them: ended by \n, \r\n or \r and by nothing else; no last empty line. */
export function textLines(text: string): string[] {
  const lines = text.includes('\r') ? text.split(/\r\n|\n|\r/) : text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
