import type { Problem } from '../problem.ts';
import { suggest } from '../problem.ts';
import { comparedIn, readBaseline, readColumn, type TableDraft } from './draft-table.ts';
import type { Fields, Node } from './node.ts';
import { placeOf } from './node.ts';
import { flagOf, itemsOf, type Named, namedOf, onlyKeys, present, textOf, wrongType } from './read.ts';

/** A row as a point of a series; `group`: where it stands among the bars, its own name when absent. */
export type PointDraft = Named & Readonly<{ group?: string }>;
export type SeriesDraft = Readonly<{
  name: string;
  node: Readonly<Parameters<typeof placeOf>[0]>;
  rows: readonly PointDraft[];
}>;

export const figureMarks = ['bars', 'lines'] as const;
export const spreads = ['sd', 'interval', 'none'] as const;
const scales = ['linear', 'log'] as const;

/** A figure as written. */
export type FigureDraft = Readonly<{
  node: Node;
  name?: Named;
  mark: (typeof figureMarks)[number];
  /** what it reads, as a table with these columns and rows would */
  table: TableDraft;
  /** labels of the columns that are drawn; all when absent */
  show?: readonly Named[];
  series?: readonly SeriesDraft[];
  levels: readonly Named[];
  x?: Readonly<{ path: Named; label?: string; log: boolean }>;
  y: Readonly<{ label?: string; unit?: string }>;
  spread?: (typeof spreads)[number];
  paper: boolean;
}>;

export const figureKeys = [
  'name',
  'title',
  'mark',
  'columns',
  'average',
  'show',
  'rows',
  'series',
  'levels',
  'baseline',
  'x',
  'y',
  'spread',
  'paper',
];
export const xKeys = ['path', 'label', 'scale'];
export const yKeys = ['label', 'unit'];

/** The outer form of one figure: a list of one, or [] with problems. Without columns it reads those of `first`, the main table. */
export function readFigure(node: Node, first: TableDraft | undefined, problems: Problem[]): readonly FigureDraft[] {
  if (node.type !== 'map') {
    problems.push(wrongType('a map with a mark', node, '{ mark: bars, columns: [stage] }'));
    return [];
  }
  onlyKeys(node, figureKeys, problems);
  const get = (key: string) => node.fields.get(key)?.value;
  const mark = choiceOf(get('mark'), figureMarks, problems);
  if (get('mark') === undefined)
    problems.push({
      code: 'missing-key',
      message: 'a figure needs a mark',
      at: placeOf(node),
      hint: 'mark: bars, or lines',
    });
  const series = get('series') === undefined ? undefined : readSeries(get('series') as Node, problems);
  const levels = namesOf(get('levels'), problems);
  const table = readTable(
    node,
    first,
    problems,
    series === undefined ? undefined : [...series.flatMap(({ rows }) => rows), ...levels],
  );
  if (mark === undefined || table === undefined) return [];
  reportMisplaced(node, mark, problems);
  return [
    {
      node,
      mark,
      table,
      levels,
      y: readY(get('y'), problems),
      paper: flagOf(get('paper'), problems) ?? false,
      ...present({
        name: namedOf(get('name'), problems),
        show: get('show') === undefined ? undefined : namesOf(get('show'), problems),
        series,
        x: readX(get('x'), problems),
        spread: choiceOf(get('spread'), spreads, problems),
      }),
    },
  ];
}

/** Columns of its own or the main table's, and the rows that are drawn. */
function readTable(
  node: Fields,
  first: TableDraft | undefined,
  problems: Problem[],
  drawn: readonly Named[] | undefined,
): TableDraft | undefined {
  const get = (key: string) => node.fields.get(key)?.value;
  const written = get('columns');
  if (written === undefined && first === undefined) {
    const hint = 'columns: [stage, stage.metric]';
    const message = 'a figure of an experiment without a table needs columns';
    problems.push({ code: 'missing-key', message, at: placeOf(node), hint });
    return undefined;
  }
  if (drawn !== undefined && get('rows') !== undefined) {
    const at = placeOf(node.fields.get('rows') ?? node);
    problems.push({ code: 'unused-key', message: '`series` name the rows already', at, hint: 'leave one of them out' });
  }
  const own = written === undefined ? undefined : itemsOf(written).flatMap((column) => readColumn(column, problems));
  const average = textOf(get('average'), problems) ?? (own === undefined ? first?.average : undefined);
  const baseline = readBaseline(get('baseline'), problems);
  const compared = comparedIn(present({ baseline }));
  const listed = get('rows') === undefined ? undefined : namesOf(get('rows'), problems);
  const rows = drawn ?? listed ?? (own === undefined ? first?.rows : undefined);
  return {
    columns: own ?? first?.columns ?? [],
    ...present({
      title: textOf(get('title'), problems),
      average,
      baseline,
      // what is drawn as a difference also needs the row that it is taken against
      rows: rows === undefined ? undefined : [...rows, ...compared],
    }),
  };
}

function readSeries(node: Node, problems: Problem[]): readonly SeriesDraft[] {
  const example = 'series: { baseline: [row, row], SEA: [row, row] }';
  if (node.type !== 'map' || node.fields.size === 0) {
    problems.push(wrongType('a map from names of series to their rows', node, example));
    return [];
  }
  return [...node.fields.values()].map((field) => {
    const { name, value } = field;
    const rows: readonly PointDraft[] =
      value.type === 'map'
        ? [...value.fields.values()].flatMap((group) => {
            const row = namedOf(group.value, problems);
            return row === undefined ? [] : [{ ...row, group: group.name }];
          })
        : namesOf(value, problems);
    return { name, node: field, rows };
  });
}

function readX(node: Node | undefined, problems: Problem[]): FigureDraft['x'] | undefined {
  if (node === undefined) return undefined;
  if (node.type !== 'map') {
    const path = namedOf(node, problems);
    return path === undefined ? undefined : { path, log: false };
  }
  onlyKeys(node, xKeys, problems);
  const get = (key: string) => node.fields.get(key)?.value;
  const path = namedOf(get('path'), problems);
  if (get('path') === undefined) {
    const hint = 'path: finetune.learningRate';
    problems.push({
      code: 'missing-key',
      message: '`x` needs the parameter that lies along it',
      at: placeOf(node),
      hint,
    });
  }
  const log = choiceOf(get('scale'), scales, problems) === 'log';
  return path === undefined ? undefined : { path, log, ...present({ label: textOf(get('label'), problems) }) };
}

function readY(node: Node | undefined, problems: Problem[]): FigureDraft['y'] {
  if (node === undefined) return {};
  if (node.type !== 'map') return present({ label: textOf(node, problems) });
  onlyKeys(node, yKeys, problems);
  const get = (key: string) => node.fields.get(key)?.value;
  return present({ label: textOf(get('label'), problems), unit: textOf(get('unit'), problems) });
}

/** What a mark has no place for, or cannot be drawn without. */
function reportMisplaced(node: Fields, mark: FigureDraft['mark'], problems: Problem[]): void {
  if (mark === 'lines') {
    if (node.fields.has('x')) return;
    const hint = 'x: finetune.learningRate';
    problems.push({ code: 'missing-key', message: 'lines need the parameter along `x`', at: placeOf(node), hint });
    return;
  }
  for (const key of ['x', 'levels']) {
    const field = node.fields.get(key);
    if (field === undefined) continue;
    const message = `bars have no \`${key}\``;
    problems.push({ code: 'unused-key', message, at: placeOf(field), hint: 'mark: lines' });
  }
}

function namesOf(node: Node | undefined, problems: Problem[]): readonly Named[] {
  return itemsOf(node).flatMap((item) => namedOf(item, problems) ?? []);
}

function choiceOf<T extends string>(node: Node | undefined, valid: readonly T[], problems: Problem[]): T | undefined {
  const text = textOf(node, problems);
  const found = valid.find((one) => one === text);
  if (node === undefined || text === undefined || found !== undefined) return found;
  const message = `expected one of ${valid.join(', ')}, found the text "${text}"`;
  problems.push({ code: 'bad-value', message, at: placeOf(node), hint: suggest(text, valid) });
  return undefined;
}
