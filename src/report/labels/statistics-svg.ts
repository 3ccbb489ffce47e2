import type { Histogram } from '../../labels/histogram.ts';
import type { LabelStatistics } from '../../labels/statistics.ts';
import { type Bar, barsOf, type Mark, ticksOf } from './bars.ts';
import { figure6 } from './figure6.ts';
import { aboutText, type Figure, figuresOf } from './statistics-text.ts';
import { px, svgFile, xml } from './svg.ts';

const WIDTH = 760;
const LEFT = 56;
const PLOT = { width: WIDTH - LEFT - 24, height: 170 } as const;
const INK = '#1f2328';
const FAINT = '#59636e';
const PAPER = '#9a3412';

/** Figure 6 of a label set: both histograms with the paper's marks, and the figures beside the paper's. */
export function statisticsSvg(title: string, statistics: LabelStatistics): string {
  const { histogram, wordHistogram, cluster } = statistics;
  const first = 66;
  const second = first + PLOT.height + 92;
  const table = second + PLOT.height + 76;
  const figures = figuresOf(statistics);
  return svgFile(WIDTH, table + 20 * (figures.length + 1) + 12, `${title}: scores and words of the labels`, [
    text(24, 24, title, `font-size="15" font-weight="bold" fill="${INK}"`),
    text(24, 42, aboutText(statistics), `font-size="11" fill="${FAINT}"`),
    ...plot(first, '(a) Scores of the labels', histogram, { at: figure6.peak, text: "the paper's peak" }),
    ...(cluster === null
      ? []
      : plot(second, '(b) Mean score of each word', wordHistogram, {
          at: figure6.cluster,
          text: "the paper's cluster",
        })),
    ...figureRows(table, figures),
  ]);
}

function plot(top: number, title: string, histogram: Histogram, mark: Mark): readonly string[] {
  const bars = barsOf(histogram, [mark], 100);
  const highest = Math.max(...bars.map(({ share }) => share), 1e-9);
  const [from, to] = [bars[0]?.from ?? 0, bars.at(-1)?.to ?? 1];
  const x = (score: number): number => ((score - from) / (to - from)) * PLOT.width;
  const y = (share: number): number => PLOT.height * (1 - share / highest);
  return [
    `<g transform="translate(${LEFT} ${top + 12})">`,
    text(LEFT - 88, -6, title, `font-size="12" font-weight="bold" fill="${INK}"`),
    ...bars.flatMap((bar) => barSvg(bar, x, y)),
    `<path d="M0 ${PLOT.height}H${PLOT.width}" stroke="${FAINT}"/>`,
    ...ticksOf(bars, 16).map((at) => text(x(at), PLOT.height + 15, String(at), axisText)),
    text(-6, 10, `${highest.toFixed(1)} %`, `font-size="10" text-anchor="end" fill="${FAINT}"`),
    text(-6, PLOT.height, '0', `font-size="10" text-anchor="end" fill="${FAINT}"`),
    `<path d="M${px(x(mark.at))} 0V${PLOT.height}" stroke="${PAPER}" stroke-dasharray="4 3"/>`,
    text(
      x(mark.at),
      PLOT.height + 32,
      `${mark.text}, ${mark.at}`,
      `font-size="10" text-anchor="middle" fill="${PAPER}"`,
    ),
    '</g>',
  ];
}

const axisText = `font-size="10" text-anchor="middle" fill="${FAINT}"`;

function barSvg(
  { from, to, share }: Bar,
  x: (score: number) => number,
  y: (share: number) => number,
): readonly string[] {
  if (share === 0) return [];
  const colour = to <= 0 ? '#bf8700' : '#0969da';
  const size = `width="${px(Math.max(0.5, x(to) - x(from) - 0.75))}" height="${px(PLOT.height - y(share))}"`;
  const title = `<title>${from} to ${to}: ${share.toFixed(2)} %</title>`;
  return [`<rect x="${px(x(from))}" y="${px(y(share))}" ${size} fill="${colour}">${title}</rect>`];
}

function figureRows(top: number, figures: readonly Figure[]): readonly string[] {
  const rows: readonly Figure[] = [{ name: '', ours: 'here', paper: 'paper' }, ...figures];
  return rows.flatMap(({ name, ours, paper = '' }, i) => {
    const y = top + 20 * i;
    const weight = i === 0 ? ' font-weight="bold"' : '';
    return [
      text(24, y, name, `font-size="12" fill="${INK}"`),
      text(330, y, ours, `font-size="12" text-anchor="end" fill="${INK}"${weight}`),
      text(440, y, paper, `font-size="12" text-anchor="end" fill="${PAPER}"${weight}`),
    ];
  });
}

function text(x: number, y: number, content: string, look: string): string {
  return content === '' ? '' : `<text x="${px(x)}" y="${px(y)}" ${look}>${xml(content)}</text>`;
}
