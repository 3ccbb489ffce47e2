import { isUtf8 } from 'node:buffer';
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

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'a folder and no file',
  EACCES: 'no permission to read',
  ELOOP: 'a link that leads back to itself',
  ERR_FS_FILE_TOO_LARGE: 'more than 2 GiB, too large to be read',
};

/** The bytes of a file; one that cannot be read is a problem that says why. */
export async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const reason = REASONS[code];
    throw new ProblemError({
      code: 'unreadable-file',
      message: reason === undefined ? `cannot read ${file}: ${message}` : `${reason}: ${file}`,
    });
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
    if (isUtf8(bytes)) {
      const message = `${Math.round(bytes.length / 2 ** 20)} MiB, more text than can be read at once (512 MiB): ${file}`;
      throw new ProblemError({ code: 'unreadable-file', message });
    }
    const hint = encodingHint(Buffer.from(bytes.subarray(0, SAMPLE)).toString('latin1')) ?? 'save the file as UTF-8';
    return stopAt(file, badLine(bytes), 'not-utf-8', 'this line is not UTF-8', hint);
  }
}

const SAMPLE = 1000;

/** Why what should be text is none; undefined where its first characters do not say. */
export function encodingHint(text: string): string | undefined {
  const start = text.slice(0, SAMPLE);
  if (start.startsWith('\ufeff')) return 'the file begins with a byte order mark: save it as UTF-8 without one';
  if (start.startsWith('PK\x03\x04')) return 'the file is a ZIP archive or a workbook: unpack it, or export it as text';
  if (start.startsWith('\x1f\x8b')) return 'the file is compressed: unpack it';
  const zeros = start.split('\0').length - 1;
  if (/^(?:\xff\xfe|\xfe\xff)/.test(start) || zeros > start.length / 4)
    return 'the file looks like UTF-16: save it as UTF-8';
  return text.includes('\0') ? 'the file holds zero bytes: it was damaged' : undefined;
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
