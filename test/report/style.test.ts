import { expect, test } from 'vitest';
import { duration } from '../../src/report/style.ts';

test.each([
  [0.44, '0.4 s'],
  [185, '3 m 05 s'],
  [7800, '2 h 10 m'],
  [76 * 3600, '3 d 4 h'],
  [13_732 * 86_400, '38 years'],
])('%d seconds read %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
