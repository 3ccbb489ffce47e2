import type { Config } from 'vega-lite';

/**
 * Eight colours that stand out on light and on dark ground (at least 3 : 1 against both) and that readers who see fewer
 * colours tell apart by lightness and hue; the first is grey, for the baseline.
 */
export const palette = [
  '#808080',
  '#2b7bba',
  '#cf6a16',
  '#2e8f6b',
  '#a25fae',
  '#c44e52',
  '#8a7a1f',
  '#3f8ea3',
] as const;
/** Beside the colour, of lines. */
export const shapes = [
  'circle',
  'square',
  'triangle-up',
  'diamond',
  'triangle-down',
  'cross',
  'triangle-right',
  'triangle-left',
];
export const dashes = [
  [1, 0],
  [6, 3],
  [2, 2],
  [8, 3, 2, 3],
  [1, 3],
  [10, 3],
  [4, 1],
  [3, 5],
];

/** Of the paper's numbers. */
export const PAPER = '#c2255c';
export const INK = 'currentColor';
export const TEXT = 11;

/** The text of the page around it in its colour, no ground of its own. */
export const config: Config = {
  background: 'transparent',
  font: 'system-ui, -apple-system, Helvetica, Arial, sans-serif',
  view: { stroke: null },
  axis: {
    domainColor: INK,
    domainOpacity: 0.55,
    tickColor: INK,
    tickOpacity: 0.55,
    tickSize: 4,
    gridColor: INK,
    gridOpacity: 0.13,
    labelColor: INK,
    labelFontSize: TEXT,
    labelPadding: 5,
    labelLimit: 400,
    titleColor: INK,
    titleFontSize: TEXT,
    titleFontWeight: 'normal',
    titlePadding: 8,
  },
  legend: {
    orient: 'top',
    direction: 'horizontal',
    title: null,
    labelColor: INK,
    labelFontSize: TEXT,
    labelLimit: 400,
    symbolSize: 90,
    columnPadding: 16,
    offset: 10,
  },
  header: {
    title: null,
    labelColor: INK,
    labelFontSize: TEXT,
    labelFontWeight: 'bold',
    labelAnchor: 'start',
    labelPadding: 6,
  },
  title: { color: INK, fontSize: TEXT, fontWeight: 'normal', anchor: 'start', frame: 'group', offset: 10 },
};

const LEGEND = 620;
const SYMBOL = 44;

/** In one row where there is room, else in columns. */
export function legendOf(names: readonly string[]): object {
  const widths = names.map((name) => textWidth(name, TEXT) + SYMBOL);
  if (widths.reduce((sum, width) => sum + width, 0) <= LEGEND) return {};
  return { columns: Math.max(1, Math.floor(LEGEND / Math.max(...widths))) };
}

/** How wide a text comes out in a sans serif, in pixels: where there is no screen, nothing else measures it. */
export function textWidth(text: string, size: number): number {
  const units = [...text].reduce((sum, letter) => sum + advance(letter), 0);
  return Math.ceil(units * size);
}

function advance(letter: string): number {
  if (/[iljt.,:;'|!fr()[\] ]/.test(letter)) return 0.36;
  if (/[mwMW%—]/.test(letter)) return 0.95;
  if (/[A-Z+=<>~±]/.test(letter)) return 0.72;
  return /[\x20-\x7E]/.test(letter) ? 0.63 : 0.85;
}
