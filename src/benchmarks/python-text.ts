/**
 * The rules of Python's text and number functions that decide scores of the official programs and differ from
 * JavaScript's. Pure; `python2` names the older interpreter where it behaves differently.
 */

// str.split() and str.strip(): unlike \s they take U+001C..U+001F and U+0085 and leave U+FEFF alone
const SPACE = '\\t\\n\\v\\f\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
/** A character class (without brackets) of what Python calls whitespace, for building patterns. */
export const PYTHON_SPACE = SPACE;

const around = (space: string): RegExp => new RegExp(`^[${space}]+|[${space}]+$`, 'g');
const between = (space: string): RegExp => new RegExp(`[${space}]+`);
const [AROUND, BETWEEN] = [around(SPACE), between(SPACE)];
// Unicode 5.2, which Python 2.7 knows, counts one more
const [AROUND_2, BETWEEN_2] = [around(`${SPACE}\\u180e`), between(`${SPACE}\\u180e`)];

/** `text.strip()` */
export function strip(text: string, python2 = false): string {
  return text.replace(python2 ? AROUND_2 : AROUND, '');
}

/** `text.split()` */
export function split(text: string, python2 = false): string[] {
  const stripped = strip(text, python2);
  return stripped === '' ? [] : stripped.split(python2 ? BETWEEN_2 : BETWEEN);
}

/** `text.lower()`; Python 2 maps character by character, so a final sigma stays medial and a dotted I loses its dot. */
export function lower(text: string, python2 = false): string {
  if (!python2 || /^[\0-\x7f]*$/.test(text)) return text.toLowerCase();
  return Array.from(text, (char) => (char === '\u0130' ? 'i' : char.toLowerCase())).join('');
}

/** `len(text)` of Python 3: code points, not UTF-16 units. */
export function length(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Python's order of strings: by code point. */
export function compareText(a: string, b: string): number {
  const left = Array.from(a);
  const right = Array.from(b);
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** `'%.{digits}f' % value`: the double's exact value, exact ties to even. */
export function format(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Math.abs(value) >= 1e21) throw new RangeError(`too large to print with ${digits} digits: ${value}`);
  if (Object.is(value, -0)) return `-${(0).toFixed(digits)}`;
  const text = value.toFixed(digits); // exact, but ties go away from zero
  if (!isTie(value, digits)) return text;
  const last = Number(text.at(-1));
  return last % 2 === 0 ? text : `${text.slice(0, -1)}${last - 1}`;
}

// value * 10^n is halfway between two integers exactly when value * 2^(n+1) is an odd integer (scaling by 2 is exact)
function isTie(value: number, digits: number): boolean {
  return Math.abs(value * 2 ** (digits + 1)) % 2 === 1;
}

/** `round(value, digits)` of Python 3 (exact ties to even) or Python 2 (exact ties away from zero). */
export function round(value: number, digits: number, python2 = false): number {
  if (!Number.isFinite(value)) return value;
  return Number(python2 ? value.toFixed(digits) : format(value, digits));
}

/** `numpy.round(value, digits)`: scaled, rounded half to even, scaled back, in double arithmetic. */
export function numpyRound(value: number, digits: number): number {
  const scale = 10 ** digits;
  const scaled = value * scale;
  const floor = Math.floor(scaled);
  const fraction = scaled - floor;
  const rounded = fraction < 0.5 || (fraction === 0.5 && floor % 2 === 0) ? floor : floor + 1;
  return rounded / scale;
}

/** `repr(value)` of a float: 3 prints as 3.0, exponents as 1e-05 and 1e+16. */
export function reprFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  if (value === 0) return '0.0';
  const [mantissa = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

// float() leaves U+001C..U+001F, which strip() takes
const AROUND_FLOAT = around(SPACE.replace('\\x1c-\\x20', '\\x20'));
const FLOAT =
  /^[+-]?(?:(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?|inf(?:inity)?|nan)$/i;

/** `float(text)`: undefined where Python raises. Takes `.5`, `1_0`, full-width digits, `nan`, `inf`. */
export function parsePythonFloat(text: string): number | undefined {
  const ascii = text.replace(AROUND_FLOAT, '').replace(/\p{Nd}/gu, (digit) => String(digitValue(digit)));
  if (!FLOAT.test(ascii)) return undefined;
  const plain = ascii.toLowerCase().replaceAll('_', '');
  if (plain.endsWith('nan')) return Number.NaN;
  if (/inf/.test(plain)) return plain.startsWith('-') ? -Infinity : Infinity;
  return Number(plain);
}

// decimal digits stand in runs of ten that start with a zero
function digitValue(digit: string): number {
  let point = digit.codePointAt(0) ?? 0;
  let value = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(point - 1))) {
    point--;
    value++;
  }
  return value % 10;
}

type Dumped =
  | null
  | boolean
  | number
  | string
  | readonly Dumped[]
  | { readonly [key: string]: Dumped }
  | ReadonlyMap<string, Dumped>;

/** `json.dumps(value, indent=indent)`: `", "` and `": "` between items, everything beyond ASCII escaped. */
export function dumpJson(value: Dumped, indent?: number, depth = 0): string {
  if (typeof value === 'string') return dumpString(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const list = Array.isArray(value);
  const items = list
    ? value.map((item: Dumped) => dumpJson(item, indent, depth + 1))
    : [...(value instanceof Map ? value : new Map(Object.entries(value)))].map(
        ([key, item]: [string, Dumped]) => `${dumpString(key)}: ${dumpJson(item, indent, depth + 1)}`,
      );
  const [open, close] = list ? '[]' : '{}';
  if (items.length === 0) return `${open}${close}`;
  if (indent === undefined) return `${open}${items.join(', ')}${close}`;
  const pad = ' '.repeat(indent * (depth + 1));
  return `${open}\n${pad}${items.join(`,\n${pad}`)}\n${' '.repeat(indent * depth)}${close}`;
}

function dumpString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
