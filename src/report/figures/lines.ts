import { paperMark } from './bars.ts';
import { type Datum, domainOf, numberName, type Plot } from './datum.ts';
import type { Figure } from './figure.ts';
import { dashes, INK, legendOf, palette, shapes, TEXT } from './look.ts';

const SIZE = { width: 420, height: 240 } as const;
const PANEL = { width: 240, height: 180 } as const;
/** Lines stand beside each other by so many pixels, that their spreads can be told apart. */
const APART = 5;

/** A line for each series with its spread, and levels across. */
export function lineLayers(figure: Figure, values: readonly Datum[]): Plot {
  const { series, panels, x, difference } = figure;
  const [low, high] = domainOf(values, difference);
  const xs = [...new Set(values.flatMap(({ at }) => (typeof at === 'number' ? [at] : [])))].sort((a, b) => a - b);
  const type = 'quantitative';
  const along = {
    x: {
      field: 'at',
      type,
      scale: {
        type: x?.log === true ? 'log' : 'linear',
        domain: reachOf(values, x?.log === true),
        nice: false,
        ...(x?.log === true ? {} : { zero: false }),
      },
      axis: {
        title: x?.label ?? null,
        values: xs,
        labelExpr: `${JSON.stringify(Object.fromEntries(xs.map((at) => [String(at), numberName(at)])))}[datum.value]`,
        labelOverlap: 'greedy',
        grid: false,
      },
    },
  };
  const value = { type, scale: { domain: [low, high], nice: true, zero: false }, axis: { title: null, tickCount: 6 } };
  const scale = (range: readonly unknown[]) => ({ domain: series, range: range.slice(0, series.length) });
  const legend = { legend: series.length === 1 ? null : legendOf(series) };
  const look = {
    color: { field: 'series', type: 'nominal', scale: scale(palette), ...legend },
    shape: { field: 'series', type: 'nominal', scale: scale(shapes), ...legend },
  };
  const lines = series.flatMap((name, at) => {
    const xOffset = (at - (series.length - 1) / 2) * APART;
    const own = [{ filter: `datum.kind === 'point' && datum.series === ${JSON.stringify(name)}` }];
    const measured = [...own, { filter: 'isValid(datum.value)' }];
    const spread = [...own, { filter: 'isValid(datum.low)' }];
    return [
      {
        transform: spread,
        mark: { type: 'rule', strokeWidth: 1.2, xOffset, x2Offset: xOffset },
        encoding: { ...along, y: { ...value, field: 'low' }, y2: { field: 'high' }, color: look.color },
      },
      {
        transform: measured,
        mark: { type: 'line', strokeWidth: 1.6, xOffset, strokeDash: dashes[at] },
        encoding: { ...along, y: { ...value, field: 'value' }, color: look.color },
      },
      ...[true, false].map((filled) => ({
        transform: [...measured, { filter: `datum.isStale === ${!filled}` }],
        mark: { type: 'point', size: 55, filled, strokeWidth: 1.6, opacity: 1, xOffset },
        encoding: { ...along, y: { ...value, field: 'value' }, ...look },
      })),
    ];
  });
  return {
    ...(panels.length > 1 ? PANEL : SIZE),
    layer: [...levels(value, panels.length > 1), ...lines, paperMark({ ...along, y: { ...value, field: 'paper' } })],
  };
}

function levels(value: object, isNarrow: boolean): readonly object[] {
  const own = [{ filter: "datum.kind === 'level' && isValid(datum.value)" }];
  const y = { ...value, field: 'value' };
  return [
    {
      transform: own,
      mark: { type: 'rule', strokeWidth: 1.1, strokeDash: [4, 3], color: INK, opacity: 0.75 },
      encoding: { y },
    },
    {
      transform: [...own, { calculate: "datum.series + ' ' + datum.short", as: 'label' }],
      mark: { type: 'text', align: 'left', baseline: 'middle', fontSize: TEXT - 1, color: INK },
      encoding: { y, x: { value: (isNarrow ? PANEL.width : SIZE.width) + 6 }, text: { field: 'label' } },
    },
  ];
}

/** The stretch of `x` with some room on both sides. */
function reachOf(values: readonly Datum[], isLog: boolean): readonly [number, number] {
  const xs = values.flatMap(({ at }) => (typeof at === 'number' ? [at] : []));
  if (xs.length === 0) return [1, 2];
  const [least, most] = [Math.min(...xs), Math.max(...xs)];
  if (isLog) {
    const factor = (most / least) ** 0.08 || 1.1;
    return [least / Math.max(factor, 1.05), most * Math.max(factor, 1.05)];
  }
  const room = (most - least || Math.abs(most) || 1) * 0.07;
  return [least - room, most + room];
}
