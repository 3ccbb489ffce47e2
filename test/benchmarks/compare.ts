/** A value of expected.json that differs from ours, with where it stands. */
export type Difference = Readonly<{ path: string; expected: unknown; actual: unknown }>;

/** Every leaf where two JSON values differ: floats by more than 1e-12, everything else at all, keys on either side. */
export function differences(expected: unknown, actual: unknown, path = ''): readonly Difference[] {
  if (typeof expected === 'number' && typeof actual === 'number') {
    const equal = Math.abs(expected - actual) <= 1e-12 || (Number.isNaN(expected) && Number.isNaN(actual));
    return equal ? [] : [{ path, expected, actual }];
  }
  if (typeof actual === 'number' && Number.isNaN(actual)) {
    // JSON has no NaN: recorders write null or a word
    return expected === null || expected === 'nan' || expected === 'NaN' ? [] : [{ path, expected, actual }];
  }
  if (isObject(expected) && isObject(actual) && Array.isArray(expected) === Array.isArray(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return [...keys].flatMap((key) => differences(expected[key], actual[key], `${path}/${key}`));
  }
  return Object.is(expected, actual) ? [] : [{ path, expected, actual }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
