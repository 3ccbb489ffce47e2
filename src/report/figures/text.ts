import { paint, type Style } from '../style.ts';
import { padLeft, padRight, shorten, widthOf, wrap } from '../width.ts';
import { axisTitle, type Datum, datumOf, domainOf, numberName } from './datum.ts';
import { type Figure, isPlain } from './figure.ts';

type Look = Readonly<{ width: number; style: Style }>;
/** The columns of a line: its name, its strip from the least to the greatest number. */
type Frame = Readonly<{ name: number; strip: number; domain: readonly [low: number, high: number]; style: Style }>;

const longestName = 32;
const longestStrip = 60;

/** A figure in lines of text: of every mean a strip with its spread, and the number. */
export function formatFigure(figure: Figure, { width, style }: Look): string {
  const points = figure.points.map((point) => datumOf(point, 'point', figure));
  const levels = figure.levels.map((point) => datumOf(point, 'level', figure));
  const all = [...points, ...levels];
  const names = all.map((datum) => nameOf(datum, figure));
  const name = Math.min(Math.max(...names.map(widthOf), 0) + 3, longestName);
  const numbers = Math.max(...all.map(({ text }) => widthOf(text)), 0);
  const strip = Math.max(8, Math.min(longestStrip, width - name - numbers - 4));
  const domain = domainOf(all, figure.mark === 'bars' || figure.difference);
  const frame: Frame = { name, strip, domain, style };
  const about = axisTitle(figure.y);
  return [
    paint(style, 'bold', figure.title ?? figure.name),
    ...(about === '' ? [] : [paint(style, 'dim', about)]),
    paint(style, 'dim', scaleLine(frame, figure)),
    ...sectionsOf(figure).flatMap(({ title, holds }) => [
      ...(title === '' ? [] : [title]),
      ...all.filter(holds).map((datum) => line(datum, figure, frame)),
    ]),
    ...figure.notes.flatMap((note) => wrap(note, width, '  ')).map((note) => paint(style, 'dim', note)),
  ].join('\n');
}

type Section = Readonly<{ title: string; holds: (datum: Datum) => boolean }>;

/** Bars by group, points of lines by series; all of it once a panel. */
function sectionsOf({ mark, panels, series, groups, levels }: Figure): readonly Section[] {
  return panels.flatMap((panel) => {
    const titled = (title: string) => [panel, title].filter((part) => part !== '').join(' · ');
    const within = (test: (datum: Datum) => boolean) => (datum: Datum) => datum.panel === panel && test(datum);
    if (mark === 'bars') {
      if (isPlain({ series })) return [{ title: panel, holds: within(() => true) }];
      return groups.map((group) => ({ title: titled(group), holds: within(({ at }) => at === group) }));
    }
    const across =
      levels.length === 0 ? [] : [{ title: titled('levels'), holds: within(({ kind }) => kind === 'level') }];
    const lines = series.map((name) => ({
      title: titled(name),
      holds: within(({ kind, series }) => kind === 'point' && series === name),
    }));
    return [...lines, ...across];
  });
}

function nameOf({ kind, series, at }: Datum, figure: Figure): string {
  if (kind === 'level') return series;
  if (typeof at === 'number') return numberName(at);
  return isPlain(figure) ? String(at) : series;
}

function scaleLine({ name, strip, domain }: Frame, { decimals, x }: Figure): string {
  const [low, high] = domain.map((end) => numberName(Number(end.toFixed(decimals))));
  const along = x === undefined ? '' : shorten(x.label, name - 2);
  return `${padRight(along, name)}${low}${padLeft(high ?? '', strip - widthOf(low ?? ''))}`;
}

function line(datum: Datum, figure: Figure, frame: Frame): string {
  const name = padRight(`  ${shorten(nameOf(datum, figure), frame.name - 3)}`, frame.name);
  const strip = paint(frame.style, datum.isStale ? 'dim' : 'accent', stripOf(datum, figure, frame));
  return `${name}${strip}  ${paint(frame.style, datum.isStale ? 'dim' : undefined, datum.text)}`.trimEnd();
}

/** `━━━━━├─●─┤`: from zero, where bars begin, to the mean, with both ends of its spread. */
function stripOf({ value, low, high, paper, isStale, kind }: Datum, figure: Figure, { strip, domain }: Frame): string {
  const cells = Array.from({ length: strip }, () => ' ');
  const [least, most] = domain;
  const column = (number: number) => Math.round(((number - least) / (most - least)) * (strip - 1));
  const put = (number: number, sign: string) => {
    cells[Math.max(0, Math.min(strip - 1, column(number)))] = sign;
  };
  const fill = (from: number, to: number, sign: string) => {
    for (let at = Math.min(column(from), column(to)); at <= Math.max(column(from), column(to)); at++) cells[at] = sign;
  };
  if (value !== null && figure.mark === 'bars') fill(0, value, '━');
  if (value !== null && kind === 'level') fill(least, most, '┄');
  if (low !== null && high !== null) {
    fill(low, high, '─');
    put(low, '├');
    put(high, '┤');
  }
  if (figure.difference) put(0, '│');
  if (paper !== null) put(paper, '◆');
  if (value !== null) put(value, isStale ? '○' : '●');
  return cells.join('');
}
