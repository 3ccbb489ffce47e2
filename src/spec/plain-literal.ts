import type { Scalar } from './node.ts';
import { beyond, type Cursor, code } from './plain-cursor.ts';

/**
 * A literal block scalar (`|` or `|-`) under what stands at `indent`, as commands are written over several lines; moves to
 * the line after it. Beyond: folded ones (`>`), `|+`, indicators of indentation, lines of more spaces than the text's
 * indentation, no line at all, a last line without an end.
 */
export function literal(cursor: Cursor, indent: number): Scalar {
  const { source, text, at: start } = cursor;
  const isStripped = text.charCodeAt(start + 1) === code.dash;
  if (text.charCodeAt(start + (isStripped ? 2 : 1)) !== code.newline) throw beyond;
  cursor.at = text.indexOf('\n', start) + 1;
  const lines: string[] = [];
  let width = 0;
  while (cursor.at < text.length) {
    const end = text.indexOf('\n', cursor.at);
    let spaces = 0;
    while (text.charCodeAt(cursor.at + spaces) === code.space) spaces++;
    if (end === -1) throw beyond;
    const isBlank = cursor.at + spaces === end;
    if (isBlank && (width === 0 ? spaces > 0 : spaces > width)) throw beyond;
    if (!isBlank && width === 0) {
      if (spaces <= indent) throw beyond;
      width = spaces;
    }
    if (!isBlank && spaces < width) break;
    lines.push(isBlank ? '' : text.slice(cursor.at + width, end));
    cursor.at = end + 1;
  }
  while (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw beyond;
  return { type: 'scalar', source, start, value: lines.join('\n') + (isStripped ? '' : '\n') };
}
