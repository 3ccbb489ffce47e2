import type { Scalar, Source } from './node.ts';
import { isExact, plainScalar } from './scalar.ts';

/** Thrown at what only the whole language can read; `readPlain` catches it. */
export const beyond = new Error('beyond plain YAML');

/** Character codes of the marks of YAML. */
export const code = {
  newline: 10,
  space: 32,
  quote: 34,
  hash: 35,
  apostrophe: 39,
  comma: 44,
  dash: 45,
  colon: 58,
  open: 91,
  backslash: 92,
  close: 93,
  openMap: 123,
  bar: 124,
  closeMap: 125,
} as const;

export type Cursor = {
  readonly source: Source;
  readonly text: string;
  at: number;
  /** spaces before the content of the line that `at` is on */
  indent: number;
  /** open block collections */
  depth: number;
  /** open flow collections */
  level: number;
};

/** From a line's start over blank and comment lines to the first character of the next content. */
export function toNextLine(cursor: Cursor): boolean {
  const { text } = cursor;
  for (;;) {
    const start = cursor.at;
    while (text.charCodeAt(cursor.at) === code.space) cursor.at++;
    if (cursor.at >= text.length) return false;
    const mark = text.charCodeAt(cursor.at);
    if (mark === code.hash) skipLine(cursor);
    else if (mark !== code.newline) {
      cursor.indent = cursor.at - start;
      return true;
    } else cursor.at++;
  }
}

export function skipLine(cursor: Cursor): void {
  const end = cursor.text.indexOf('\n', cursor.at);
  cursor.at = end === -1 ? cursor.text.length : end + 1;
}

/** After a value: only spaces or a comment may follow. Moves to the next content; false at the end of the file. */
export function endLine(cursor: Cursor): boolean {
  const { text } = cursor;
  const start = cursor.at;
  while (text.charCodeAt(cursor.at) === code.space) cursor.at++;
  const mark = text.charCodeAt(cursor.at);
  if (cursor.at < text.length && mark !== code.newline && !(mark === code.hash && cursor.at > start)) throw beyond;
  skipLine(cursor);
  if (cursor.at >= text.length) return false;
  return toNextLine(cursor);
}

export function isBreak(text: string, at: number): boolean {
  const mark = text.charCodeAt(at);
  return mark === code.space || mark === code.newline || at >= text.length;
}

export function scalar(cursor: Cursor, inFlow: boolean): Scalar {
  const { source, at: start } = cursor;
  const mark = cursor.text.charCodeAt(start);
  if (mark === code.quote || mark === code.apostrophe) return { type: 'scalar', source, start, value: quoted(cursor) };
  const text = plain(cursor, inFlow);
  const value = plainScalar(text);
  if (!isExact(value, text)) throw beyond;
  return { type: 'scalar', source, start, value };
}

/** An unquoted scalar up to its last character that is no space. */
export function plain(cursor: Cursor, inFlow: boolean): string {
  const { text } = cursor;
  const start = cursor.at;
  if ('?:,[]{}#&*!|>\'"%@`'.includes(text[start] ?? ',')) throw beyond;
  if (
    text.charCodeAt(start) === code.dash &&
    (isBreak(text, start + 1) || (inFlow && isFlowMark(text.charCodeAt(start + 1))))
  )
    throw beyond;
  let end = start;
  let at = start;
  for (; at < text.length; at++) {
    const mark = text.charCodeAt(at);
    if (mark === code.newline) break;
    if (mark === code.space) continue;
    if (mark === code.colon && (isBreak(text, at + 1) || (inFlow && isFlowMark(text.charCodeAt(at + 1))))) break;
    if (mark === code.hash && text.charCodeAt(at - 1) === code.space) break;
    if (inFlow && isFlowMark(mark)) break;
    end = at + 1;
  }
  cursor.at = end;
  return text.slice(start, end);
}

function isFlowMark(mark: number): boolean {
  return (
    mark === code.comma || mark === code.open || mark === code.close || mark === code.openMap || mark === code.closeMap
  );
}

/** A quoted scalar on one line. */
export function quoted(cursor: Cursor): string {
  const { text, at: start } = cursor;
  const isDouble = text.charCodeAt(start) === code.quote;
  for (let at = start + 1; at < text.length; at++) {
    const mark = text.charCodeAt(at);
    if (mark === code.newline) throw beyond;
    if (mark === code.backslash && isDouble) at++;
    else if (mark === code.apostrophe && !isDouble && text.charCodeAt(at + 1) === code.apostrophe) at++;
    else if (mark === (isDouble ? code.quote : code.apostrophe)) {
      cursor.at = at + 1;
      return isDouble ? unescapeJson(text.slice(start, at + 1)) : text.slice(start + 1, at).replaceAll("''", "'");
    }
  }
  throw beyond;
}

/** The escapes that YAML shares with JSON. */
function unescapeJson(text: string): string {
  if (!text.includes('\\')) return text.slice(1, -1);
  try {
    return JSON.parse(text) as string;
  } catch {
    throw beyond;
  }
}
