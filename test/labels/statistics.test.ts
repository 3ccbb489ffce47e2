import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { agreementOf } from '../../src/labels/agreement.ts';
import { binOf, edgeOf } from '../../src/labels/histogram.ts';
import { extremesOf, statisticsOf } from '../../src/labels/statistics.ts';
import { labelStatistics } from '../../src/stages/label-statistics/kind.ts';
import { codesOf, problemsOf, runStage, temporary } from '../stages/run-stage.ts';
import { type PatchLabels, writeLabelFolder, writeTruth } from './label-folder.ts';

const WORDS = ['boat', 'sea', 'red', 'fish', 'verdict'];
const root = temporary();

// [top 2] of 1 x 2 patches; what is dropped keeps its score
const labelled: Readonly<Record<string, readonly PatchLabels[]>> = {
  'a.png': [
    [['sea', 0.31], ['boat', 0.25]],
    [['boat', 0.31], ['red', 0.07]],
  ],
  'b.png': [
    [['sea', 0.11], [null, -0.05]],
    [[null, -0.01], [null, -0.3]],
  ],
}; // biome-ignore format: a line is a patch

const folder = await writeLabelFolder(join(root, 'labels'), WORDS, [1, 2], labelled);
const truthful = {
  'a.png': [
    ['sea', 'ocean'],
    ['red', 'sea'],
  ],
  'b.png': [['sea'], ['boat']],
  'c.png': [],
};

describe('statistics of labels', () => {
  test('count words and scores; what was dropped counts among the scores only', async () => {
    const found = await statisticsOf(folder);
    expect(found).toMatchObject({ images: 2, grid: [1, 2], top: 2, words: 5, scores: 8, labels: 5, usedWords: 3 });
    expect(found.labelsPerPatch).toBe(1.25);
    expect(found.belowZero).toBeCloseTo(100 * (3 / 8), 10);
    expect(found.utilisation).toBeCloseTo(60, 10);
    expect(found.meanScore).toBeCloseTo((0.31 + 0.25 + 0.31 + 0.07 + 0.11) / 5, 3);
    expect(found.perWord.map(({ word, count }) => [word, count])).toEqual([
      ['boat', 2],
      ['sea', 2],
      ['red', 1],
      ['fish', 0],
      ['verdict', 0],
    ]);
    expect(found.perWord[1]?.meanScore).toBeCloseTo(0.21, 3);
    expect(found.perWord[3]?.meanScore).toBeNull();
  });

  test('average the recorded scores of a word, also of one that is never a label', async () => {
    const dropped: typeof labelled = {
      'a.png': labelled['a.png'] ?? [],
      'b.png': [
        [
          ['sea', 0.11],
          ['fish', -0.05],
        ],
        [
          ['fish', -0.01],
          ['verdict', -0.3],
        ],
      ],
    };
    const found = await statisticsOf(await writeLabelFolder(join(root, 'least'), WORDS, [1, 2], dropped, 0));
    expect(found).toMatchObject({ labels: 5, usedWords: 3, wordsBelowZero: 40 });
    expect(found.perWord[3]).toMatchObject({ word: 'fish', count: 0, recorded: 2 });
    expect(found.perWord[3]?.meanScore).toBeCloseTo(-0.03, 3);
    expect(found.meanScore).toBeCloseTo((0.31 + 0.25 + 0.31 + 0.07 + 0.11) / 5, 3);
    expect(found.wordHistogram.counts.reduce((sum, one) => sum + one, 0)).toBe(5);
  });

  test('place every score in a bin of 0.02 that holds its lower edge', async () => {
    const { histogram, peak, wordHistogram, cluster, wordsBelowZero } = await statisticsOf(folder);
    const filled = histogram.counts.flatMap((count, bin) => (count > 0 ? [[edgeOf(histogram, bin), count]] : []));
    expect(filled).toEqual([
      [-0.32, 1],
      [-0.06, 1],
      [-0.02, 1],
      [0.06, 1],
      [0.1, 1],
      [0.24, 1],
      [0.3, 2],
    ]);
    expect(histogram.counts).toHaveLength(100);
    expect(peak).toBe(0.31);
    expect(wordHistogram.counts.reduce((sum, count) => sum + count, 0)).toBe(3);
    expect([cluster, wordsBelowZero]).toEqual([0.07, 0]);
  });

  test.each([
    [-1, 0],
    [-1.0001, 0],
    [-0.02, 49],
    [-1e-17, 49],
    [0, 50],
    [0.0199, 50],
    [0.98, 99],
    [1, 99],
    [1.0001, 99],
  ])('a score of %d is in bin %d', (score, bin) => expect(binOf(score)).toBe(bin));

  test('name the most and the least used words, equals in the order of the list', async () => {
    const { perWord } = await statisticsOf(folder);
    const { mostUsed, leastUsed, unused } = extremesOf(perWord, 2);
    expect(mostUsed.map(({ word }) => word)).toEqual(['boat', 'sea']);
    expect(leastUsed.map(({ word }) => word)).toEqual(['red', 'boat']);
    expect(unused).toBe(2);
  });

  test('of labels that were all dropped have no peak of words and no mean', async () => {
    const none = await writeLabelFolder(join(root, 'none'), WORDS, [1, 1], { 'a.png': [[[null, -0.2]]] });
    const found = await statisticsOf(none);
    expect(found).toMatchObject({ labels: 0, belowZero: 100, utilisation: 0, meanScore: null, cluster: null });
    const { metrics } = await runStage(labelStatistics, {}, { labels: none });
    expect(Object.keys(metrics)).not.toContain('meanScore');
  });

  test('stop at words that are not in the list', async () => {
    const short = await writeLabelFolder(join(root, 'short'), WORDS, [1, 2], labelled);
    const manifest = join(short, 'manifest.json');
    const json = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown>;
    writeFileSync(manifest, JSON.stringify({ ...json, words: ['boat'] }));
    expect(await codesOf(statisticsOf(short))).toEqual(['bad-labels']);
  });
});

describe('labels against the truth', () => {
  test('are right where a word names what the patch shows; things are patches of more than background', async () => {
    const truth = writeTruth(join(root, 'truth'), 'sea', truthful);
    const found = await agreementOf(folder, truth);
    // patches: sea/boat of sea, boat/red of red on the sea, sea of sea, nothing of a boat
    expect(found).toEqual({
      patches: 4,
      top1: 50,
      anyOfTop: 75,
      precision: 60,
      thingPatches: 2,
      thingTop1: 0,
      thingAnyOfTop: 50,
    });
  });

  test('are a stage that a table can read', async () => {
    const truth = writeTruth(join(root, 'truth'), 'sea', truthful);
    const { metrics } = await runStage(labelStatistics, { listed: 1 }, { labels: folder, truth });
    expect(metrics).toMatchObject({ utilisation: 60, belowZero: 37.5, 'truth.top1': 50, 'truth.anyOfTop': 75 });
    const known = labelStatistics.metrics?.({ listed: 1 }) ?? [];
    expect(Object.keys(metrics).filter((name) => !known.includes(name))).toEqual([]);
  });

  test('need the truth of every labelled image, on the same grid', async () => {
    const { 'a.png': first, 'b.png': second } = truthful;
    const some = writeTruth(join(root, 'some'), 'sea', { 'a.png': first });
    const [problem] = await problemsOf(agreementOf(folder, some));
    expect(problem).toMatchObject({ code: 'truth-missing' });
    expect(problem?.message).toContain('1 of 2 labelled images, the first is b.png');
    const other = writeTruth(join(root, 'other'), 'sea', { 'a.png': first, 'b.png': [...second, ['sea']] });
    expect(await codesOf(agreementOf(folder, other))).toEqual(['grid-mismatch']);
  });

  test('stop at a broken line, naming it, and where there is no truth', async () => {
    const broken = writeTruth(join(root, 'broken'), 'sea', truthful);
    writeFileSync(join(broken, 'truth.jsonl'), `${JSON.stringify({ image: 'a.png', patches: [['sea'], [3]] })}\n`);
    const [problem] = await problemsOf(agreementOf(folder, broken));
    expect(problem).toMatchObject({ code: 'bad-truth', at: { line: 1 } });
    expect(await codesOf(agreementOf(folder, join(root, 'nowhere')))).toEqual(['no-truth']);
  });
});
