import type { Agreement } from '../../labels/agreement.ts';
import { extremesOf, type LabelStatistics, type WordUse } from '../../labels/statistics.ts';
import { paint, type Style } from '../style.ts';
import { padLeft, padRight, widthOf, wrap } from '../width.ts';
import { columnPlot } from './columns.ts';
import { figure6 } from './figure6.ts';

type Look = Readonly<{ width: number; style: Style }>;
/** What is said, ours, and the paper's where it says it too. */
export type Figure = Readonly<{ name: string; ours: string; paper?: string }>;

/** How many words of each end are named. */
const NAMED = 10;

/** A label set as `sea labels` prints it: two histograms and the figures beside the paper's. No final newline. */
export function formatStatistics(
  title: string,
  statistics: LabelStatistics,
  agreement: Agreement | undefined,
  look: Look,
): string {
  const { histogram, wordHistogram, perWord, cluster } = statistics;
  const head = (text: string): string => paint(look.style, 'accent', text);
  const plots = [
    ['', head('Scores of the labels (Figure 6a)')],
    columnPlot(histogram, [{ at: figure6.peak, text: `the paper's peak, ${figure6.peak}` }], look),
    ['', head('Mean score of each word (Figure 6b)')],
    cluster === null
      ? ['no word is recorded']
      : columnPlot(wordHistogram, [{ at: figure6.cluster, text: `the paper's cluster, ${figure6.cluster}` }], look),
  ];
  const { mostUsed, leastUsed, unused } = extremesOf(perWord, NAMED);
  const words = [
    ...wordLines('most used', mostUsed, look),
    ...wordLines('least used', leastUsed, look),
    `${padRight('never used', 11)} ${count(unused)} of ${count(statistics.words)} words`,
  ];
  return [
    ...wrap(title, look.width).map((line) => paint(look.style, 'bold', line)),
    ...wrap(aboutText(statistics), look.width).map((line) => paint(look.style, 'dim', line)),
    ...plots.flat(),
    '',
    ...figureLines([...figuresOf(statistics), ...(agreement === undefined ? [] : agreementFigures(agreement))], look),
    '',
    ...words,
  ].join('\n');
}

/** `4,000 images of 8 x 8 patches, the best 10 of 328 words, read-out surgery, cosine`. */
export function aboutText({ images, grid, top, words, readout, sign }: LabelStatistics): string {
  const measure = sign === 1 ? 'cosine' : 'negated cosine';
  return `${count(images)} images of ${grid.join(' x ')} patches, the best ${top} of ${count(words)} words, read-out ${readout}, ${measure}`;
}

export function figuresOf(statistics: LabelStatistics): readonly Figure[] {
  const {
    belowZero,
    allBelowZero,
    wordsBelowZero,
    utilisation,
    usedWords,
    words,
    peak,
    cluster,
    meanScore,
    labelsPerPatch,
  } = statistics;
  return [
    { name: 'scores below zero', ours: percent(belowZero), paper: percent(figure6.belowZero) },
    ...(allBelowZero === null ? [] : [{ name: 'all scores below zero, in a sample', ours: percent(allBelowZero) }]),
    { name: 'words below zero in the mean', ours: percent(wordsBelowZero) },
    { name: 'words of the list used', ours: percent(utilisation), paper: percent(figure6.utilisation) },
    { name: 'fullest bin of scores', ours: middle(peak), paper: `peak ${figure6.peak}` },
    { name: 'fullest bin of word means', ours: middle(cluster), paper: `cluster ${figure6.cluster}` },
    { name: 'mean score of a label', ours: meanScore === null ? 'none' : meanScore.toFixed(3) },
    { name: 'labels kept for a patch', ours: labelsPerPatch.toFixed(2) },
    { name: 'words used', ours: `${count(usedWords)} of ${count(words)}` },
  ];
}

function agreementFigures(agreement: Agreement): readonly Figure[] {
  const { top1, anyOfTop, precision, thingTop1, thingAnyOfTop } = agreement;
  return [
    { name: 'truth: best word is right', ours: percent(top1) },
    { name: 'truth: one word is right', ours: percent(anyOfTop) },
    { name: 'truth: share of words right', ours: percent(precision) },
    { name: 'truth: best word, patches of things', ours: percent(thingTop1) },
    { name: 'truth: one word, patches of things', ours: percent(thingAnyOfTop) },
  ];
}

function figureLines(figures: readonly Figure[], { style }: Look): readonly string[] {
  const all: readonly Figure[] = [{ name: '', ours: 'here', paper: 'paper' }, ...figures];
  const wide = (of: (figure: Figure) => string): number => Math.max(...all.map((figure) => widthOf(of(figure))));
  const [names, ours, paper] = [wide(({ name }) => name), wide((one) => one.ours), wide((one) => one.paper ?? '')];
  return all.map((figure, i) => {
    const line = `${padRight(figure.name, names)}  ${padLeft(figure.ours, ours)}  ${padLeft(figure.paper ?? '', paper)}`;
    return i === 0 ? paint(style, 'bold', line) : line.trimEnd();
  });
}

function wordLines(name: string, words: readonly WordUse[], { width }: Look): readonly string[] {
  const items = words.map(({ word, count: times }) => `${word} ${count(times)}`.replaceAll(' ', '\u00a0'));
  const lines = wrap(items.join(', '), width - 12);
  return lines.map((line, i) => `${padRight(i === 0 ? name : '', 11)} ${line.replaceAll('\u00a0', ' ')}`.trimEnd());
}

const percent = (share: number): string => `${share.toFixed(1)} %`;
const middle = (score: number | null): string => (score === null ? 'none' : score.toFixed(2));
const count = (number: number): string => number.toLocaleString('en');
