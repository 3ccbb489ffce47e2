import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Question } from '../../src/benchmarks/benchmark.ts';
import { batchesOf, type Row, shareBeginnings } from '../../src/stages/benchmark/share.ts';

const IMAGE = 99;

function questionOf(id: number, image?: string): Question {
  const shown = image === undefined ? {} : { image: { name: image, path: image } };
  return { id, ...shown, text: '', recorded: '', maxNewTokens: 1 };
}

/** A prompt as all are made: a start, an image's tokens where there is one, words, and which of them are read. */
const prompts = fc.record({
  image: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
  words: fc.array(fc.nat(2), { minLength: 1, maxLength: 8 }),
  read: fc.nat(7),
});

const rows = fc.array(prompts, { minLength: 1, maxLength: 12 }).map((all) =>
  all
    .toSorted((a, b) => (a.image ?? '').localeCompare(b.image ?? ''))
    .map(({ image, words, read }, id): Row => {
      const ids = [1, ...(image === undefined ? [] : new Array<number>(6).fill(IMAGE)), ...words];
      const first = ids.length - 1 - (read % words.length);
      return {
        question: questionOf(id, image),
        ids,
        reads: Array.from({ length: ids.length - first }, (_, i) => first + i),
      };
    }),
);

describe('rows with what they share', () => {
  it('are whole again behind their beginnings, and what is read is in the rests', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const shared = shareBeginnings(all, IMAGE);
        if (shared === undefined) return;
        all.forEach(({ question, ids, reads }, b) => {
          const beginning = shared.beginnings[shared.of[b] as number] as (typeof shared.beginnings)[number];
          const rest = shared.rests[b] as (typeof shared.rests)[number];
          expect([...beginning.ids, ...rest.ids]).toEqual(ids);
          expect(beginning.ids.length).toBeGreaterThan(0);
          expect(beginning.question.image?.name).toBe(question.image?.name);
          expect(rest.ids).not.toContain(IMAGE);
          expect(rest.reads.map((at) => at + beginning.ids.length)).toEqual(reads);
          expect(Math.min(...rest.reads)).toBeGreaterThanOrEqual(0);
        });
      }),
    );
  });

  it('are cut only where that spares a quarter of the tokens', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const shared = shareBeginnings(all, IMAGE);
        const longest = (some: readonly Readonly<{ ids: readonly number[] }>[]): number =>
          Math.max(...some.map(({ ids }) => ids.length));
        const whole = all.length * longest(all);
        if (shared === undefined) return;
        const cut = shared.beginnings.length * longest(shared.beginnings) + all.length * longest(shared.rests);
        expect(cut).toBeLessThanOrEqual(0.75 * whole);
      }),
    );
  });

  it('read an image once for all of its questions', () => {
    const image = new Array<number>(20).fill(IMAGE);
    const all = [3, 4, 5, 6].map((word, id): Row => {
      const name = id < 3 ? 'a' : 'b';
      return { question: questionOf(id, name), ids: [1, ...image, 2, word, 7], reads: [23] };
    });
    const shared = shareBeginnings(all, IMAGE);
    expect(shared?.of).toEqual([0, 0, 0, 1]);
    expect(shared?.beginnings.map(({ ids }) => ids)).toEqual([[1, ...image, 2], [1, ...image, 2]]); // biome-ignore format: rows
    expect(shared?.rests.map(({ ids, reads }) => [ids, reads])).toEqual([3, 4, 5, 6].map((word) => [[word, 7], [1]]));
  });

  it('share nothing where each shows another image', () => {
    const all = ['a', 'b', 'c'].map((name, id): Row => {
      return { question: questionOf(id, name), ids: [1, IMAGE, IMAGE, IMAGE, 2], reads: [4] };
    });
    expect(shareBeginnings(all, IMAGE)).toBeUndefined();
  });
});

describe('batches', () => {
  const asked = fc
    .array(prompts, { minLength: 1, maxLength: 30 })
    .map((all) => all.map(({ image, words }, id) => ({ question: questionOf(id, image), sequence: { ids: words } })));
  it('have every prompt once, no more than fit, the longest first', () => {
    fc.assert(
      fc.property(asked, fc.integer({ min: 1, max: 9 }), (all, size) => {
        const batches = batchesOf(all, size);
        const ids = batches.flat().map(({ question }) => question.id as number);
        expect(ids.toSorted((a, b) => a - b)).toEqual(all.map((_, id) => id));
        for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(size);
        expect(batches[0]?.[0]?.sequence.ids.length).toBe(Math.max(...all.map(({ sequence }) => sequence.ids.length)));
      }),
    );
  });

  it('keep the questions of an image together as far as a batch holds them', () => {
    fc.assert(
      fc.property(asked, fc.integer({ min: 1, max: 9 }), (all, size) => {
        const batches = batchesOf(all, size);
        for (const name of ['a', 'b', 'c']) {
          const own = all.filter(({ question }) => question.image?.name === name).length;
          const among = batches.filter((batch) => batch.some(({ question }) => question.image?.name === name)).length;
          expect(among).toBe(Math.ceil(own / size));
        }
      }),
    );
  });
});
