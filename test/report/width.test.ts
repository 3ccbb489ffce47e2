import fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { paint } from '../../src/report/style.ts';
import { widthOf } from '../../src/report/width.ts';

const signs = fc.constantFrom(
  ...' aZ~┃━╌│█▁▇▸▾◂◦●○⣿⠁Δ±·×¶°–†‡…›−≈⊘⁺ᵀ↑→✓✗',
  '\u25B6',
  '\u25AA',
  'é',
  'e\u0301',
  '語',
  '👍🏽',
  '\uFE0F',
);
const painted = fc
  .tuple(fc.string({ unit: signs, maxLength: 12 }), fc.constantFrom('bold', 'dim', 'accent', 'bad'))
  .map(([text, tone]) => paint('colour', tone, text));

test('a text is as wide as the terminal shows it, colours, wide letters and emoji considered', () => {
  fc.assert(
    fc.property(fc.array(painted, { maxLength: 4 }), (parts) => {
      expect(widthOf(parts.join(''))).toBe(stringWidth(parts.join('')));
    }),
  );
});
