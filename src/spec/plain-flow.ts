import type { Field, Fields, List, Node } from './node.ts';
import { mapOf } from './node.ts';
import { beyond, type Cursor, code, isBreak, plain, quoted, scalar, toNextLine } from './plain-cursor.ts';

/** Spaces, line ends and comments inside a flow collection, whose lines stand right of their parent. */
function skipInFlow(cursor: Cursor, indent: number): void {
  const { text } = cursor;
  for (;;) {
    const mark = text.charCodeAt(cursor.at);
    if (mark === code.space) cursor.at++;
    else if (mark === code.newline) {
      cursor.at++;
      if (!toNextLine(cursor) || (cursor.indent <= indent && !closesOutermost(cursor, indent))) throw beyond;
    } else if (mark === code.hash && isBreak(text, cursor.at - 1)) {
      cursor.at = text.indexOf('\n', cursor.at);
      if (cursor.at === -1) throw beyond;
    } else return;
  }
}

/** Only the last bracket may stand as far left as the key of its collection. */
function closesOutermost({ text, at, indent, level }: Cursor, parent: number): boolean {
  const mark = text.charCodeAt(at);
  return level === 1 && indent === parent && (mark === code.close || mark === code.closeMap);
}

export function flow(cursor: Cursor, indent: number): Node {
  if (++cursor.level > 50) throw beyond;
  const node = cursor.text.charCodeAt(cursor.at) === code.open ? flowList(cursor, indent) : flowMap(cursor, indent);
  cursor.level--;
  return node;
}

function flowValue(cursor: Cursor, indent: number): Node {
  const mark = cursor.text.charCodeAt(cursor.at);
  return mark === code.open || mark === code.openMap ? flow(cursor, indent) : scalar(cursor, true);
}

function flowList(cursor: Cursor, indent: number): List {
  const { source, text } = cursor;
  const start = cursor.at++;
  const items: Node[] = [];
  skipInFlow(cursor, indent);
  while (text.charCodeAt(cursor.at) !== code.close) {
    items.push(flowValue(cursor, indent));
    separator(cursor, indent, code.close);
  }
  cursor.at++;
  return { type: 'list', source, start, items };
}

function flowMap(cursor: Cursor, indent: number): Fields {
  const { source, text } = cursor;
  const start = cursor.at++;
  const fields = new Map<string, Field>();
  const repeated: Field[] = [];
  skipInFlow(cursor, indent);
  while (text.charCodeAt(cursor.at) !== code.closeMap) {
    const key = cursor.at;
    const name = flowKey(cursor);
    cursor.at++;
    skipInFlow(cursor, indent);
    const field = { name, source, start: key, value: flowValue(cursor, indent) };
    if (fields.has(name)) repeated.push(field);
    else fields.set(name, field);
    separator(cursor, indent, code.closeMap);
  }
  cursor.at++;
  return mapOf(source, start, fields, repeated);
}

/** Moves to the colon, which may touch the value only after a quoted key. */
function flowKey(cursor: Cursor): string {
  const { text } = cursor;
  const start = cursor.at;
  const isQuoted = text.charCodeAt(start) === code.quote || text.charCodeAt(start) === code.apostrophe;
  const name = isQuoted ? quoted(cursor) : plain(cursor, true);
  while (text.charCodeAt(cursor.at) === code.space) cursor.at++;
  if (text.charCodeAt(cursor.at) !== code.colon || !(isQuoted || isBreak(text, cursor.at + 1))) throw beyond;
  if (name === '<<' || cursor.at - start > 1000) throw beyond;
  return name;
}

function separator(cursor: Cursor, indent: number, end: number): void {
  skipInFlow(cursor, indent);
  const mark = cursor.text.charCodeAt(cursor.at);
  if (mark === code.comma) {
    cursor.at++;
    skipInFlow(cursor, indent);
  } else if (mark !== end) throw beyond;
}
