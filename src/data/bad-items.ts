import { isUtf8 } from 'node:buffer';
import { type Problem, ProblemError } from '../problem.ts';

/** What happens to items of a user's data that cannot be used. */
export type OnBadItem = 'stop' | 'skip';

/** Names a bad item of a user's file and the line on which it begins. */
export function badItem(code: string, file: string, line: number, message: string): Problem {
  return { code, message, at: { file, line, column: 1 } };
}

/** With `stop`, all bad items at once are the error. With `skip` they are returned to be named in the log. */
export function settle(problems: readonly Problem[], onBadItem: OnBadItem): readonly Problem[] {
  if (problems.length > 0 && onBadItem === 'stop') throw new ProblemError(...problems);
  return problems;
}

/** Strict UTF-8 (without a byte order mark), or undefined. */
export function utf8OrUndefined(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** A sample of bytes that are no text, for a message: printable ASCII as it is, other bytes as \xNN. */
export function quoteBytes(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, 40), (byte) => {
    return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `"${shown.join('')}${bytes.length > 40 ? '...' : ''}"`;
}
