/**
 * Where things stand in a JSON text: used only after something was found wrong, to name the line.
 */

type Walk = { readonly text: string; readonly wanted: readonly string[] | undefined; at: number; found?: number };

const BAD = Symbol('the text stops being JSON at walk.at');

// Python's parser gives up near here too, and every level is a call of ours
const DEEPEST = 1000;

/** Offset of the first character at which the text stops being JSON (or nests too deeply to be read), or undefined. */
export function syntaxErrorAt(text: string): number | undefined {
  const walk: Walk = { text, wanted: undefined, at: 0 };
  try {
    walkValue(walk, []);
    skipSpace(walk);
    return walk.at < text.length ? walk.at : undefined;
  } catch (error) {
    if (error === BAD) return Math.min(walk.at, text.length);
    throw error;
  }
}

/** Offset of the value that a JSON pointer (`/annotations/3/answers`) names in a JSON text; 0 where it has none. */
export function offsetOf(text: string, pointer: string): number {
  const parts = pointer.split('/').slice(1);
  const walk: Walk = { text, wanted: parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')), at: 0 };
  try {
    walkValue(walk, []);
  } catch (error) {
    if (error !== BAD) throw error;
  }
  return walk.found ?? 0;
}

/** Line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  return line;
}

function skipSpace(walk: Walk): void {
  while (' \t\n\r'.includes(walk.text[walk.at] ?? 'x')) walk.at++;
}

function walkValue(walk: Walk, path: readonly string[]): void {
  skipSpace(walk);
  if (walk.wanted?.length === path.length && path.every((part, i) => part === walk.wanted?.[i])) walk.found = walk.at;
  const char = walk.text[walk.at];
  if (char === '{') walkMembers(walk, path, '}');
  else if (char === '[') walkMembers(walk, path, ']');
  else if (char === '"') walkString(walk);
  else walkWord(walk);
}

function walkMembers(walk: Walk, path: readonly string[], close: '}' | ']'): void {
  if (path.length >= DEEPEST) throw BAD;
  walk.at++;
  skipSpace(walk);
  for (let index = 0; walk.text[walk.at] !== close || index > 0; index++) {
    skipSpace(walk);
    const key = close === '}' ? walkString(walk) : String(index);
    skipSpace(walk);
    if (close === '}') expect(walk, ':');
    walkValue(walk, [...path, key]);
    skipSpace(walk);
    if (walk.text[walk.at] === close) break;
    expect(walk, ',');
  }
  walk.at++;
}

function expect(walk: Walk, char: string): void {
  if (walk.text[walk.at] !== char) throw BAD;
  walk.at++;
}

function walkString(walk: Walk): string {
  const start = walk.at;
  expect(walk, '"');
  while (walk.text[walk.at] !== '"') {
    if (walk.at >= walk.text.length || (walk.text[walk.at] ?? '') < ' ') throw BAD;
    walk.at += walk.text[walk.at] === '\\' ? 2 : 1;
  }
  walk.at++;
  return parsed(walk, start) as string;
}

function walkWord(walk: Walk): void {
  const start = walk.at;
  while (/[^\s,\]}]/.test(walk.text[walk.at] ?? ' ')) walk.at++;
  // numbers as Python writes them
  if (!/^(?:NaN|-?Infinity)$/.test(walk.text.slice(start, walk.at))) parsed(walk, start);
}

function parsed(walk: Walk, start: number): unknown {
  try {
    return JSON.parse(walk.text.slice(start, walk.at));
  } catch {
    walk.at = start;
    throw BAD;
  }
}
