import { type Datum, domainOf, type Plot } from './datum.ts';
import { type Figure, isPlain } from './figure.ts';
import { INK, legendOf, PAPER, palette, TEXT, textWidth } from './look.ts';

const BAR = 26;
const LYING = 17;
const HEIGHT = 230;
const LYING_WIDTH = 380;
/** A chart that is wider lies on its side. */
const WIDEST = 820;

/** Bars in groups, standing; lying where every row is a bar of its own, or where they would be too many side by side. */
export function barLayers(figure: Figure, values: readonly Datum[]): Plot {
  const { series, groups, panels } = figure;
  const group = Math.max(series.length * BAR + 22, 64);
  const isLying = isPlain(figure) || group * groups.length * Math.min(panels.length, 3) > WIDEST;
  const domain = domainOf(values, true);
  return isLying ? lying(figure, domain) : standing(figure, domain, group);
}

type Domain = readonly [number, number];

function standing(figure: Figure, domain: Domain, group: number): Plot {
  const { series, groups } = figure;
  const place = {
    x: {
      field: 'at',
      type: 'nominal',
      scale: { domain: groups, paddingInner: 0.22, paddingOuter: 0.11 },
      axis: { title: null, labelAngle: 0, ticks: false, domain: true, ...wrapped(groups, group - 6) },
    },
    xOffset: { field: 'series', type: 'nominal', scale: { domain: series, paddingInner: 0.08 } },
  };
  const value = { type: 'quantitative', scale: { domain, nice: true }, axis: { title: null, tickCount: 6 } };
  const top = { ...value, field: 'top' };
  return {
    width: group * groups.length,
    height: HEIGHT,
    layer: [
      bar(figure, { ...place, y: { ...value, field: 'value' } }),
      ...whiskers(place, 'y', value),
      paperMark({ ...place, y: { ...value, field: 'paper' } }),
      ...zeroLine(figure, 'y'),
      {
        transform: [...drawn, { calculate: 'isValid(datum.high) ? datum.high : datum.value', as: 'top' }],
        mark: { type: 'text', baseline: 'bottom', dy: -4, fontSize: TEXT - 1, color: INK },
        encoding: { ...place, y: top, text: { field: 'short' } },
      },
    ],
  };
}

function lying(figure: Figure, domain: Domain): Plot {
  const { series, groups } = figure;
  const step = series.length * LYING + 9;
  const place = {
    y: {
      field: 'at',
      type: 'nominal',
      scale: { domain: groups, paddingInner: 0.3, paddingOuter: 0.15 },
      axis: { title: null, ticks: false, domain: figure.difference === false },
    },
    yOffset: { field: 'series', type: 'nominal', scale: { domain: series, paddingInner: 0.08 } },
  };
  const value = { type: 'quantitative', scale: { domain, nice: true }, axis: { title: null, tickCount: 6 } };
  return {
    width: LYING_WIDTH,
    height: step * groups.length,
    layer: [
      bar(figure, { ...place, x: { ...value, field: 'value' } }),
      ...whiskers(place, 'x', value),
      paperMark({ ...place, x: { ...value, field: 'paper' } }),
      ...zeroLine(figure, 'x'),
      {
        transform: [{ filter: "datum.text !== ''" }],
        mark: { type: 'text', align: 'left', fontSize: TEXT - 1, color: INK },
        encoding: { ...place, x: { value: LYING_WIDTH + 10 }, text: { field: 'text' } },
      },
    ],
  };
}

const drawn = [{ filter: 'isValid(datum.value)' }];

/** A stale bar is hollow. */
function bar(figure: Figure, place: object): object {
  const { series, difference } = figure;
  const isOne = isPlain(figure);
  const scale = { domain: series, range: isOne ? [palette[1]] : palette.slice(0, series.length) };
  const colour = { field: 'series', type: 'nominal', scale, legend: isOne ? null : legendOf(series) };
  return {
    transform: drawn,
    mark: { type: 'bar', strokeWidth: 1.2 },
    encoding: {
      ...place,
      color: colour,
      stroke: colour,
      strokeDash: { condition: { test: 'datum.isStale', value: [3, 2] }, value: [1, 0] },
      fillOpacity: { condition: { test: 'datum.isStale', value: 0.08 }, value: difference ? 0.75 : 0.85 },
    },
  };
}

/** From end to end of the spread, with caps. */
function whiskers(place: object, axis: 'x' | 'y', value: object): readonly object[] {
  const spread = [{ filter: 'isValid(datum.low)' }];
  const ends = { [axis]: { ...value, field: 'low' }, [`${axis}2`]: { field: 'high' } };
  const cap = (field: string) => ({
    transform: spread,
    mark: { type: 'tick', thickness: 1.1, size: 7, color: INK, orient: axis === 'y' ? 'horizontal' : 'vertical' },
    encoding: { ...place, [axis]: { ...value, field } },
  });
  return [
    { transform: spread, mark: { type: 'rule', strokeWidth: 1.1, color: INK }, encoding: { ...place, ...ends } },
    cap('low'),
    cap('high'),
  ];
}

export function paperMark(place: object): object {
  return {
    transform: [{ filter: 'isValid(datum.paper)' }],
    mark: {
      type: 'point',
      shape: 'diamond',
      size: 75,
      filled: true,
      opacity: 1,
      color: PAPER,
      stroke: '#ffffff',
      strokeWidth: 0.8,
    },
    encoding: place,
  };
}

function zeroLine({ difference }: Figure, axis: 'x' | 'y'): readonly object[] {
  if (!difference) return [];
  const mark = { type: 'rule', strokeWidth: 1, color: INK, opacity: 0.7 };
  return [{ data: { values: [{}] }, mark, encoding: { [axis]: { datum: 0 } } }];
}

/** Names of groups broken at spaces where they are wider than their group. */
function wrapped(names: readonly string[], width: number): object {
  const lines = Object.fromEntries(names.map((name) => [name, broken(name, width)]));
  return { labelExpr: `${JSON.stringify(lines)}[datum.value]` };
}

function broken(name: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of name.split(' ')) {
    const joined = `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length > 0 && textWidth(joined, TEXT) <= width) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines;
}
