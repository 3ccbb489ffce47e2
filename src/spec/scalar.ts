const integer = /^[-+]?[0-9]+$/;
const radix = /^0(?:o[0-7]+|x[0-9a-fA-F]+)$/;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+)$/;
const special = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const words = new Map<string, null | boolean>([
  ['', null],
  ['~', null],
  ...['null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

/** The value of an unquoted YAML 1.2 scalar (core schema): `yes` and dates are text. May be NaN or infinite. */
export function plainScalar(text: string): null | boolean | number | string {
  const first = text.charCodeAt(0);
  // Most scalars are words: only those that begin with a digit, sign or dot can be numbers.
  if ((first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d || first === 0x2e) {
    if (integer.test(text) || float.test(text) || radix.test(text)) return Number(text);
    return special.test(text) ? specialNumber(text) : text;
  }
  if (text.length > 5) return text;
  const word = words.get(text);
  return word === undefined ? text : word;
}

function specialNumber(text: string): number {
  if (text.toLowerCase() === '.nan') return Number.NaN;
  return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** `0777`: 777 in YAML 1.2, 511 in YAML 1.1. */
export function hasLeadingZero(text: string): boolean {
  return /^[-+]?0[0-9]+$/.test(text);
}

/** False where JSON cannot hold the number, a whole number would be rounded, or readers of YAML differ on it. */
export function isExact(value: unknown, text: string): boolean {
  if (typeof value !== 'number') return true;
  if (hasLeadingZero(text)) return false;
  return integer.test(text) || radix.test(text) ? Number.isSafeInteger(value) : Number.isFinite(value);
}
