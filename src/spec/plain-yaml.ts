import type { Field, Fields, List, Node, Scalar, Source } from './node.ts';
import { isExact, plainScalar } from './scalar.ts';

/*
 * The plain part of YAML, read ten times faster than the whole language: block maps and lists, flow collections,
 * one-line scalars, comments. Anything else, and any mistake, gives undefined: then the `yaml` package reads the
 * file. What is read here is read the same there; test/spec/plain-yaml.test.ts compares them on mutated files.
 */

/** Thrown at what only the whole language can read; never leaves this file. */
const beyond = new Error('beyond plain YAML');

type Cursor = { readonly source: Source; readonly text: string; at: number; /** of the line that `at` is on */ indent: number; depth: number; /** open flow collections */ level: number };

const [newline, space, quote, hash, apostrophe, comma, dash, colon, open, close, openMap, closeMap, backslash] = [
  '\n', ' ', '"', '#', "'", ',', '-', ':', '[', ']', '{', '}', '\\',
].map((character) => character.charCodeAt(0)) as [number, number, number, number, number, number, number, number, number, number, number, number, number];

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
    const root = first === openMap || first === open ? flowRoot(cursor) : block(cursor);
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

/** From a line's start over blank and comment lines to the first character of the next content. */
function toNextLine(cursor: Cursor): boolean {
  const { text } = cursor;
  for (;;) {
    const start = cursor.at;
    while (text.charCodeAt(cursor.at) === space) cursor.at++;
    if (cursor.at >= text.length) return false;
    const code = text.charCodeAt(cursor.at);
    if (code === hash) skipLine(cursor);
    else if (code !== newline) {
      cursor.indent = cursor.at - start;
      return true;
    } else cursor.at++;
  }
}

function skipLine(cursor: Cursor): void {
  const end = cursor.text.indexOf('\n', cursor.at);
  cursor.at = end === -1 ? cursor.text.length : end + 1;
}

/** After a value: only spaces or a comment may follow. Moves to the next content; false at the end of the file. */
function endLine(cursor: Cursor): boolean {
  const { text } = cursor;
  const start = cursor.at;
  while (text.charCodeAt(cursor.at) === space) cursor.at++;
  const code = text.charCodeAt(cursor.at);
  if (cursor.at < text.length && code !== newline && !(code === hash && cursor.at > start)) throw beyond;
  skipLine(cursor);
  if (cursor.at >= text.length) return false;
  return toNextLine(cursor);
}

function isBreak(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === space || code === newline || at >= text.length;
}

function block(cursor: Cursor): Fields | List {
  if (++cursor.depth > 50) throw beyond;
  const isList = cursor.text.charCodeAt(cursor.at) === dash && isBreak(cursor.text, cursor.at + 1);
  const node = isList ? blockList(cursor, cursor.indent) : blockMap(cursor, cursor.indent);
  cursor.depth--;
  return node;
}

function blockMap(cursor: Cursor, indent: number): Fields {
  const { source, text } = cursor;
  const start = cursor.at;
  const fields = new Map<string, Field>();
  let repeated: Field[] | undefined;
  for (let more = true; more && cursor.indent === indent; ) {
    const key = cursor.at;
    const name = blockKey(cursor);
    const place = { name, source, start: key };
    cursor.at++;
    while (text.charCodeAt(cursor.at) === space) cursor.at++;
    let value: Node;
    if (endsHere(text, cursor.at)) {
      skipLine(cursor);
      more = cursor.at < text.length && toNextLine(cursor);
      value = more && (cursor.indent > indent || isListItem(cursor, indent)) ? block(cursor) : nothing(place);
      more = cursor.at < text.length;
    } else {
      value = inline(cursor, indent);
      more = endLine(cursor);
    }
    if (more && cursor.indent > indent) throw beyond;
    const field = { ...place, value };
    if (!fields.has(name)) fields.set(name, field);
    else (repeated ??= []).push(field);
  }
  return repeated === undefined ? { type: 'map', source, start, fields } : { type: 'map', source, start, fields, repeated };
}

/** YAML lets the list of a key stand as far left as the key. */
function isListItem(cursor: Cursor, indent: number): boolean {
  return cursor.indent === indent && cursor.text.charCodeAt(cursor.at) === dash && isBreak(cursor.text, cursor.at + 1);
}

function endsHere(text: string, at: number): boolean {
  return at >= text.length || text.charCodeAt(at) === newline || (text.charCodeAt(at) === hash && text.charCodeAt(at - 1) === space);
}

function nothing({ source, start }: { source: Source; start: number }): Scalar {
  return { type: 'scalar', source, start, value: null };
}

/** Moves to the colon. */
function blockKey(cursor: Cursor): string {
  const start = cursor.at;
  const code = cursor.text.charCodeAt(start);
  const name = code === quote || code === apostrophe ? quoted(cursor) : plain(cursor, false);
  while (cursor.text.charCodeAt(cursor.at) === space) cursor.at++;
  if (cursor.text.charCodeAt(cursor.at) !== colon || !isBreak(cursor.text, cursor.at + 1)) throw beyond;
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
    while (text.charCodeAt(cursor.at) === space) cursor.at++;
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
  const code = text.charCodeAt(at);
  if (code === open || code === openMap) return false;
  if (code === dash && isBreak(text, at + 1)) throw beyond;
  if (code === quote || code === apostrophe) quoted(cursor);
  else plain(cursor, false);
  while (text.charCodeAt(cursor.at) === space) cursor.at++;
  const isKey = text.charCodeAt(cursor.at) === colon && isBreak(text, cursor.at + 1);
  cursor.at = at;
  return isKey;
}

function inline(cursor: Cursor, indent: number): Node {
  const code = cursor.text.charCodeAt(cursor.at);
  return code === open || code === openMap ? flow(cursor, indent) : scalar(cursor, false);
}

function scalar(cursor: Cursor, inFlow: boolean): Scalar {
  const { source, at: start } = cursor;
  const code = cursor.text.charCodeAt(start);
  if (code === quote || code === apostrophe) return { type: 'scalar', source, start, value: quoted(cursor) };
  const text = plain(cursor, inFlow);
  const value = plainScalar(text);
  if (!isExact(value, text)) throw beyond;
  return { type: 'scalar', source, start, value };
}

/** An unquoted scalar up to its last character that is no space. */
function plain(cursor: Cursor, inFlow: boolean): string {
  const { text } = cursor;
  const start = cursor.at;
  if ('?:,[]{}#&*!|>\'"%@`'.includes(text[start] ?? ',')) throw beyond;
  if (text.charCodeAt(start) === dash && (isBreak(text, start + 1) || (inFlow && isFlowMark(text.charCodeAt(start + 1))))) throw beyond;
  let end = start;
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === newline) break;
    if (code === space) continue;
    if (code === colon && (isBreak(text, at + 1) || (inFlow && isFlowMark(text.charCodeAt(at + 1))))) break;
    if (code === hash && text.charCodeAt(at - 1) === space) break;
    if (inFlow && isFlowMark(code)) break;
    end = at + 1;
  }
  cursor.at = end;
  return text.slice(start, end);
}

function isFlowMark(code: number): boolean {
  return code === comma || code === open || code === close || code === openMap || code === closeMap;
}

/** A quoted scalar on one line. */
function quoted(cursor: Cursor): string {
  const { text } = cursor;
  const start = cursor.at;
  const mark = text.charCodeAt(start);
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === newline) throw beyond;
    if (code === backslash && mark === quote) at++;
    else if (code === mark) {
      if (mark === apostrophe && text.charCodeAt(at + 1) === apostrophe) at++;
      else {
        cursor.at = at + 1;
        return mark === quote ? unescape(text.slice(start, at + 1)) : text.slice(start + 1, at).replaceAll("''", "'");
      }
    }
  }
  throw beyond;
}

/** The escapes that YAML shares with JSON. */
function unescape(text: string): string {
  if (!text.includes('\\')) return text.slice(1, -1);
  try {
    return JSON.parse(text) as string;
  } catch {
    throw beyond;
  }
}

/** Spaces, line ends and comments inside a flow collection, whose lines stand right of their parent. */
function skipInFlow(cursor: Cursor, indent: number): void {
  const { text } = cursor;
  for (;;) {
    const code = text.charCodeAt(cursor.at);
    if (code === space) cursor.at++;
    else if (code === newline) {
      cursor.at++;
      if (!toNextLine(cursor) || (cursor.indent <= indent && !closesOutermost(cursor, indent))) throw beyond;
    } else if (code === hash && isBreak(text, cursor.at - 1)) {
      cursor.at = text.indexOf('\n', cursor.at);
      if (cursor.at === -1) throw beyond;
    } else return;
  }
}

/** Only the last bracket may stand as far left as the key of its collection. */
function closesOutermost({ text, at, indent, level }: Cursor, parent: number): boolean {
  const code = text.charCodeAt(at);
  return level === 1 && indent === parent && (code === close || code === closeMap);
}

function flow(cursor: Cursor, indent: number): Node {
  if (++cursor.level > 50) throw beyond;
  const node = cursor.text.charCodeAt(cursor.at) === open ? flowList(cursor, indent) : flowMap(cursor, indent);
  cursor.level--;
  return node;
}

function flowValue(cursor: Cursor, indent: number): Node {
  const code = cursor.text.charCodeAt(cursor.at);
  return code === open || code === openMap ? flow(cursor, indent) : scalar(cursor, true);
}

function flowList(cursor: Cursor, indent: number): List {
  const { source, text } = cursor;
  const start = cursor.at++;
  const items: Node[] = [];
  skipInFlow(cursor, indent);
  while (text.charCodeAt(cursor.at) !== close) {
    items.push(flowValue(cursor, indent));
    separator(cursor, indent, close);
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
  while (text.charCodeAt(cursor.at) !== closeMap) {
    const key = cursor.at;
    const name = flowKey(cursor);
    cursor.at++;
    skipInFlow(cursor, indent);
    const field = { name, source, start: key, value: flowValue(cursor, indent) };
    if (fields.has(name)) repeated.push(field);
    else fields.set(name, field);
    separator(cursor, indent, closeMap);
  }
  cursor.at++;
  return repeated.length === 0 ? { type: 'map', source, start, fields } : { type: 'map', source, start, fields, repeated };
}

/** Moves to the colon, which may touch the value only after a quoted key. */
function flowKey(cursor: Cursor): string {
  const { text } = cursor;
  const start = cursor.at;
  const isQuoted = text.charCodeAt(start) === quote || text.charCodeAt(start) === apostrophe;
  const name = isQuoted ? quoted(cursor) : plain(cursor, true);
  while (text.charCodeAt(cursor.at) === space) cursor.at++;
  if (text.charCodeAt(cursor.at) !== colon || !(isQuoted || isBreak(text, cursor.at + 1))) throw beyond;
  if (name === '<<' || cursor.at - start > 1000) throw beyond;
  return name;
}

function separator(cursor: Cursor, indent: number, end: number): void {
  skipInFlow(cursor, indent);
  const code = cursor.text.charCodeAt(cursor.at);
  if (code === comma) {
    cursor.at++;
    skipInFlow(cursor, indent);
  } else if (code !== end) throw beyond;
}
