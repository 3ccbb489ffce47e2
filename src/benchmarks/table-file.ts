import { lineAt } from './json-place.ts';
import { reprFloat } from './python-text.ts';
import { decodeText, encodingHint, readBytes, stopAt } from './text-file.ts';

/**
 * Tables as pandas 2.1 reads them with its defaults (MMBench's TSV, MMLU's CSV): certain words and the empty cell are
 * missing values, and a column of nothing but numbers becomes numbers, which changes what a prompt shows.
 */

/** A cell as Python's str() would print it; null is a missing value (NaN). */
export type Cell = string | null;
export type Column = Readonly<{ type: 'int' | 'float' | 'bool' | 'text'; cells: readonly Cell[] }>;
export type Row = Readonly<{ cells: readonly string[]; line: number }>;

const MISSING = new Set([
  '', '-1.#IND', '1.#QNAN', '1.#IND', '-1.#QNAN', '#N/A N/A', '#N/A', 'N/A', 'n/a', 'NA', '<NA>', '#NA', 'NULL', 'null',
  'NaN', '-NaN', 'nan', '-nan', 'None',
]); // biome-ignore format: a list of words

const INTEGER = /^[\t-\r ]*[+-]?\d+[\t-\r ]*$/;
const FLOAT = /^[\t-\r ]*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?)[\t-\r ]*$/i;
const INFINITE = /inf/i;
const DECIMAL = /^[\t-\r ]*([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?/;
const DIGITS_READ = 17;
const BOOLEAN = /^(?:true|false)$/i;

/** The type and the printed cells of a column, from its raw texts. */
export function typeColumn(raw: readonly (string | null)[]): Column {
  const cells = raw.map((text) => (text === null || MISSING.has(text) ? null : text));
  const present = cells.filter((text) => text !== null);
  const complete = present.length === cells.length;
  const map = (type: Column['type'], print: (text: string) => string): Column => ({
    type,
    cells: cells.map((text) => (text === null ? null : print(text))),
  });
  if (present.length === 0) return { type: 'float', cells };
  if (present.every((text) => INTEGER.test(text))) {
    const values = present.map(toInteger);
    const signed = values.every((value) => value >= -(2n ** 63n) && value < 2n ** 63n);
    const unsigned = values.every((value) => value >= 0n && value < 2n ** 64n);
    // too large for a machine integer: the texts stay, even those that are missing values elsewhere
    if (!signed && !(unsigned && complete)) return { type: 'text', cells: unsigned ? raw : cells };
    return complete
      ? map('int', (text) => String(toInteger(text)))
      : map('float', (text) => reprFloat(Number(toInteger(text))));
  }
  if (overflows(present)) return { type: 'text', cells };
  // the same when a number is too large for a double
  if (present.every((text) => FLOAT.test(text) && (INFINITE.test(text) || Number.isFinite(toNumber(text))))) {
    return map('float', (text) => reprFloat(toNumber(text)));
  }
  if (present.every((text) => BOOLEAN.test(text))) {
    return map('bool', (text) => (text.toLowerCase() === 'true' ? 'True' : 'False'));
  }
  return map('text', (text) => text);
}

const WHOLE = /^[\t-\r ]*([+-]?)(\d*)(.*)$/s;

/**
 * Whether pandas gives up on numbers before it tries floats: it reads machine integers from the top until a cell is none,
 * and takes digits that exceed them for an overflow even where a decimal point follows. Negative cells are passed over
 * when it tries again without a sign.
 */
function overflows(present: readonly string[]): boolean {
  for (const limit of [2n ** 63n, 2n ** 64n]) {
    const unsigned = limit === 2n ** 64n;
    let exceeded = false;
    for (const text of present) {
      const [, sign = '', digits = '', rest = ''] = WHOLE.exec(text) ?? [];
      if (unsigned && sign === '-') continue;
      if (digits === '') return false;
      const value = BigInt(digits);
      exceeded = sign === '-' ? value > limit : value >= limit;
      if (exceeded) break;
      if (rest.trim() !== '') return false;
    }
    if (!exceeded) return unsigned;
  }
  return true;
}

function toInteger(text: string): bigint {
  return BigInt(text.trim().replace(/^\+/, ''));
}

/**
 * A decimal number as pandas' own parser reads it: seventeen digits, then one scaling by a power of ten. Long numbers
 * come out an ulp off the nearest double, which shows when they are printed.
 */
function toNumber(text: string): number {
  const [, sign, whole = '', decimals = '', power = '0'] = DECIMAL.exec(text) ?? [];
  const negative = sign === '-';
  if (INFINITE.test(text)) return negative ? -Infinity : Infinity;
  const digits = (whole + decimals).slice(0, DIGITS_READ);
  let value = 0;
  for (const digit of digits) value = value * 10 + Number(digit);
  const exponent = whole.length - digits.length + Number(power);
  const power10 = (n: number): number => Number(`1e${n}`);
  if (exponent >= 0) value *= power10(exponent);
  else if (exponent >= -308) value /= power10(-exponent);
  else value = value / power10(-308 - exponent) / power10(308);
  return negative ? -value : value;
}

/** Rows of a delimited file: RFC 4180 quotes, blank lines skipped, the line of each row's start. */
export async function readRows(file: string, delimiter: ',' | '\t'): Promise<readonly Row[]> {
  const text = decodeText(await readBytes(file), file).replace(/^\ufeff/, '');
  const zero = text.indexOf('\0');
  if (zero >= 0) stopAt(file, lineAt(text, zero), 'not-utf-8', 'a zero byte in this line', encodingHint(text));
  const rows: Row[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const start = line;
    const opens = at;
    const cells: string[] = [];
    for (;;) {
      const field = readField(text, at, delimiter);
      if (field === undefined) return stopAt(file, start, 'open-quote', 'a quote that opens in this row never closes');
      cells.push(field.value);
      line += field.newlines;
      at = field.end;
      if (text[at] !== delimiter) break;
      at++;
    }
    const blank = /^[ \t]*$/.test(text.slice(opens, at)); // a quoted nothing is a row
    if (text.startsWith('\r\n', at)) at++;
    at++;
    line++;
    if (!blank || cells.length > 1) rows.push({ cells, line: start });
  }
  return rows;
}

type Field = Readonly<{ value: string; end: number; newlines: number }>;

/** One field from `at` to the next delimiter or line end; undefined when its quote never closes. */
function readField(text: string, at: number, delimiter: string): Field | undefined {
  let value = '';
  let newlines = 0;
  let i = at;
  if (text[i] === '"') {
    for (i++; ; i++) {
      if (i >= text.length) return undefined;
      if (text[i] === '"') {
        if (text[i + 1] !== '"') break;
        i++;
      }
      if (text[i] === '\n' || (text[i] === '\r' && text[i + 1] !== '\n')) newlines++;
      value += text[i];
    }
    i++;
  }
  const end = fieldEnd(text, i, delimiter);
  return { value: value + text.slice(i, end), end, newlines };
}

function fieldEnd(text: string, from: number, delimiter: string): number {
  let end = from;
  while (end < text.length && text[end] !== delimiter && text[end] !== '\n' && text[end] !== '\r') end++;
  return end;
}

/** Typed columns of rows of equal width; shorter rows end in missing values, longer ones stop. */
export function typeColumns(file: string, rows: readonly Row[], width: number): readonly Column[] {
  const long = rows.find(({ cells }) => cells.length > width);
  if (long !== undefined) {
    stopAt(file, long.line, 'wrong-shape', `${long.cells.length} fields where ${width} are expected`);
  }
  return Array.from({ length: width }, (_, index) => typeColumn(rows.map(({ cells }) => cells[index] ?? null)));
}
