import type { Field, Fields, List, Node, Scalar, Source } from './node.ts';
import { mapOf } from './node.ts';
import {
  beyond,
  type Cursor,
  code,
  endLine,
  isBreak,
  plain,
  quoted,
  scalar,
  skipLine,
  toNextLine,
} from './plain-cursor.ts';
import { flow } from './plain-flow.ts';
import { literal } from './plain-literal.ts';

/*
 * The plain part of YAML, read ten times faster than the whole language: block maps and lists, flow collections,
 * one-line scalars, literal blocks, comments. Anything else, and any mistake, gives undefined: then the `yaml` package reads the
 * file. What is read here is read the same there; test/spec/plain-yaml.test.ts compares them on mutated files.
 */

// Tabs, carriage returns, other control characters, byte order marks and exotic line breaks have rules of their own.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const exotic = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]|^(?:---|\.\.\.|%)/m;

/** A map at the root (or a flow collection, as in JSON); undefined for what needs the whole language. */
export function readPlain(source: Source): Node | undefined {
  if (exotic.test(source.text)) return undefined;
  const cursor: Cursor = { source, text: source.text, at: 0, indent: 0, depth: 0, level: 0 };
  try {
    if (!toNextLine(cursor)) return undefined;
    const first = cursor.text.charCodeAt(cursor.at);
    const root = first === code.openMap || first === code.open ? flowRoot(cursor) : block(cursor);
    return cursor.at >= cursor.text.length ? root : undefined;
  } catch (error) {
    if (error === beyond) return undefined;
    throw error;
  }
}

function flowRoot(cursor: Cursor): Node {
  const root = flow(cursor, -1);
  endLine(cursor);
  return root;
}

function block(cursor: Cursor): Fields | List {
  if (++cursor.depth > 50) throw beyond;
  const isList = cursor.text.charCodeAt(cursor.at) === code.dash && isBreak(cursor.text, cursor.at + 1);
  const node = isList ? blockList(cursor, cursor.indent) : blockMap(cursor, cursor.indent);
  cursor.depth--;
  return node;
}

function blockMap(cursor: Cursor, indent: number): Fields {
  const { source, text } = cursor;
  const start = cursor.at;
  const fields = new Map<string, Field>();
  const repeated: Field[] = [];
  for (let more = true; more && cursor.indent === indent; ) {
    const key = cursor.at;
    const name = blockKey(cursor);
    const place = { name, source, start: key };
    cursor.at++;
    while (text.charCodeAt(cursor.at) === code.space) cursor.at++;
    let value: Node;
    if (endsHere(text, cursor.at)) {
      skipLine(cursor);
      more = cursor.at < text.length && toNextLine(cursor);
      value = more && (cursor.indent > indent || isListItem(cursor, indent)) ? block(cursor) : nothing(place);
      more = cursor.at < text.length;
    } else if (text.charCodeAt(cursor.at) === code.bar) {
      value = literal(cursor, indent);
      more = toNextLine(cursor);
    } else {
      value = inline(cursor, indent);
      more = endLine(cursor);
    }
    if (more && cursor.indent > indent) throw beyond;
    const field = { ...place, value };
    if (!fields.has(name)) fields.set(name, field);
    else repeated.push(field);
  }
  return mapOf(source, start, fields, repeated);
}

/** YAML lets the list of a key stand as far left as the key. */
function isListItem(cursor: Cursor, indent: number): boolean {
  return (
    cursor.indent === indent && cursor.text.charCodeAt(cursor.at) === code.dash && isBreak(cursor.text, cursor.at + 1)
  );
}

function endsHere(text: string, at: number): boolean {
  return (
    at >= text.length ||
    text.charCodeAt(at) === code.newline ||
    (text.charCodeAt(at) === code.hash && text.charCodeAt(at - 1) === code.space)
  );
}

function nothing({ source, start }: { source: Source; start: number }): Scalar {
  return { type: 'scalar', source, start, value: null };
}

/** Moves to the colon. */
function blockKey(cursor: Cursor): string {
  const start = cursor.at;
  const mark = cursor.text.charCodeAt(start);
  const name = mark === code.quote || mark === code.apostrophe ? quoted(cursor) : plain(cursor, false);
  while (cursor.text.charCodeAt(cursor.at) === code.space) cursor.at++;
  if (cursor.text.charCodeAt(cursor.at) !== code.colon || !isBreak(cursor.text, cursor.at + 1)) throw beyond;
  if (name === '<<' || cursor.at - start > 1000) throw beyond;
  return name;
}

function blockList(cursor: Cursor, indent: number): List {
  const { source, text } = cursor;
  const start = cursor.at;
  const items: Node[] = [];
  for (let more = true; more && isListItem(cursor, indent); ) {
    const item = cursor.at;
    cursor.at++;
    while (text.charCodeAt(cursor.at) === code.space) cursor.at++;
    if (endsHere(text, cursor.at)) throw beyond;
    if (startsMap(cursor)) {
      cursor.indent = indent + cursor.at - item;
      items.push(block(cursor));
      more = cursor.at < text.length;
    } else {
      items.push(inline(cursor, indent));
      more = endLine(cursor);
    }
    if (more && cursor.indent > indent) throw beyond;
  }
  return { type: 'list', source, start, items };
}

/** Whether a list item is a map written on its line: `- stage: pope`. */
function startsMap(cursor: Cursor): boolean {
  const { at, text } = cursor;
  const mark = text.charCodeAt(at);
  if (mark === code.open || mark === code.openMap) return false;
  if (mark === code.dash && isBreak(text, at + 1)) throw beyond;
  if (mark === code.quote || mark === code.apostrophe) quoted(cursor);
  else plain(cursor, false);
  while (text.charCodeAt(cursor.at) === code.space) cursor.at++;
  const isKey = text.charCodeAt(cursor.at) === code.colon && isBreak(text, cursor.at + 1);
  cursor.at = at;
  return isKey;
}

function inline(cursor: Cursor, indent: number): Node {
  const mark = cursor.text.charCodeAt(cursor.at);
  return mark === code.open || mark === code.openMap ? flow(cursor, indent) : scalar(cursor, false);
}
