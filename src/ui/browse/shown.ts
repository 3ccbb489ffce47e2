import { compareRows } from '../../report/compare.ts';
import { formatComparison } from '../../report/compare-text.ts';
import type { Style } from '../../report/style.ts';
import type { TableCell, TableRow } from '../../report/table.ts';
import type { Entry } from '../../store/store.ts';
import type { Board } from '../board.ts';
import { brokenTo } from '../cut.ts';
import type { Screen } from './state.ts';
import type { Found, StageItem, World } from './world.ts';

type On<Name extends Screen['at']> = Extract<Screen, { at: Name }>;

/** Whether a text holds every word of a search, in any case. */
export function matches(text: string, search: string): boolean {
  const lower = text.toLowerCase();
  return search
    .toLowerCase()
    .split(' ')
    .every((word) => lower.includes(word));
}

/** Whether the line has a search, or the phrase begins in it and goes on in the next, as where a line was broken to the window. */
export function matchesAt(texts: readonly string[], at: number, search: string): boolean {
  const [text = '', next = ''] = [texts[at], texts[at + 1]?.trimStart()];
  if (matches(text, search)) return true;
  const has = (line: string): boolean => line.toLowerCase().includes(search.toLowerCase());
  return !has(next) && (has(`${text} ${next}`) || has(`${text}${next}`));
}

export function shownExperiments(screen: On<'experiments'>, { experiments }: World): readonly Found[] {
  return experiments.filter(({ file, name }) => matches(`${file} ${name}`, screen.search));
}

export function shownStages(screen: On<'stages'>, { open }: World): readonly StageItem[] {
  if (open === undefined) return [];
  const { only, search } = screen;
  const list = only === undefined ? open.stages : only.flatMap((id) => open.items.get(id) ?? []);
  return search === '' ? list : list.filter(({ id, kind, state }) => matches(`${id} ${kind} ${state}`, search));
}

export function shownHistory(screen: On<'history'>, { open }: World): readonly Entry[] {
  return (open?.history ?? []).filter(({ stage, kind }) => matches(`${stage} ${kind}`, screen.search));
}

export function boardOf(screen: On<'table'> | On<'compare'>, { open }: World): Board | undefined {
  return open?.boards[screen.table % Math.max(1, open.boards.length)];
}

/** Numbers of the columns that a table screen shows. */
export function shownColumns(screen: On<'table'>, board: Board): readonly number[] {
  const all = board.table.columns.map((_, at) => at);
  if (!screen.varying) return all;
  const varies = (at: number) => new Set(board.table.rows.map((row) => row.cells[at]?.mean)).size > 1;
  return all.filter(varies);
}

/** Where no row has what is searched in its name: of the columns that are shown the first that has. */
export function soughtColumn(screen: On<'table'>, board: Board): number | undefined {
  if (board.table.rows.some(({ name }) => matches(name, screen.search))) return undefined;
  const at = shownColumns(screen, board).findIndex((column) =>
    matches(board.table.columns[column]?.label ?? '', screen.search),
  );
  return at < 0 ? undefined : at;
}

/** Rows with their place in the table, searched and sorted; rows without a number come last. A search for a column keeps all. */
export function shownRows(screen: On<'table'>, board: Board): readonly Readonly<{ row: TableRow; at: number }>[] {
  const all = board.table.rows.map((row, at) => ({ row, at }));
  const named = all.filter(({ row }) => matches(row.name, screen.search));
  const rows = named.length === 0 && soughtColumn(screen, board) !== undefined ? all : named;
  const { sort } = screen;
  if (sort === undefined) return rows;
  const numberOf = (row: TableRow) => row.cells[sort.column]?.mean ?? Number.NaN;
  const sign = sort.descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [numberOf(a.row), numberOf(b.row)];
    if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return sign * (left - right);
  });
}

/** The cell under the cursor: its row, its column's number, and all stages that it comes from. */
export function cellAt(
  screen: On<'table'>,
  world: World,
): Readonly<{ row: TableRow; column: number; cell: TableCell; needs: readonly string[] }> | undefined {
  const board = boardOf(screen, world);
  if (board === undefined) return undefined;
  const found = shownRows(screen, board)[screen.cursor];
  const column = shownColumns(screen, board)[screen.column];
  const cell = column === undefined ? undefined : found?.row.cells[column];
  if (found === undefined || column === undefined || cell === undefined) return undefined;
  return { row: found.row, column, cell, needs: board.needs[found.at]?.[column] ?? [] };
}

/** Of the stages behind a cell the one to look at first: a failed one, one at work, one that will run, else the last. */
export function tellingStage(ids: readonly string[], own: readonly string[], { open }: World): string | undefined {
  const order = ['failed', 'running', 'to run', 'waits', 'blocked'] as const;
  for (const state of order) {
    const found = ids.filter((id) => open?.items.get(id)?.state === state);
    if (found.length > 0) return earliest(found, open?.stages ?? []);
  }
  return own[0] ?? ids[0];
}

function earliest(ids: readonly string[], stages: readonly StageItem[]): string | undefined {
  const wanted = new Set(ids);
  return stages.find(({ id }) => wanted.has(id))?.id;
}

/** Lines of a stage's pane; a curve has none, it is drawn to fit. */
export function paneTexts({ stage, pane, image }: On<'stage'>, { detail, patches }: World): readonly string[] {
  if (pane === 'patches') return patches?.stage === stage && patches.image === image ? patches.lines : [];
  if (detail === undefined || detail.stage !== stage || pane === 'curve') return [];
  return pane === 'lineage' ? detail.lineage.map((line) => line.stage) : detail.lines[pane];
}

/** The lines of a comparison are broken so that they fit the narrowest usual window. */
const comparisonWidth = 78;

/** Two rows beside each other; '' when the table has lost one of them. */
export function comparisonText(screen: On<'compare'>, world: World, style: Style): string {
  const table = boardOf(screen, world)?.table;
  const names = new Set(table?.rows.map((row) => row.name));
  if (table === undefined || world.open === undefined || !names.has(screen.left) || !names.has(screen.right)) return '';
  const standing = { experiment: world.open.experiment, tables: [table], questions: new Map() };
  const compared = compareRows({ ...standing, row: screen.left }, { ...standing, row: screen.right });
  const lines = formatComparison(compared, { width: comparisonWidth, style }).split('\n');
  return lines.flatMap((line) => brokenTo(line, comparisonWidth)).join('\n');
}
