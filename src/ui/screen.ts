import { duration, paint, type Style } from '../report/style.ts';
import { shorten, widthOf } from '../report/width.ts';
import { type Board, boardLines, isOver } from './board.ts';
import { cutTo } from './cut.ts';
import { endedLines } from './ended.ts';
import { progressBar, runningLines } from './running.ts';
import { type StageState, type Stages, workOf } from './stages.ts';
import { secondsLeft, type View } from './view.ts';

export type Size = Readonly<{ columns: number; rows: number }>;

/** The tables of a run as they fill. */
export type Filling = Readonly<{ boards: readonly Board[]; stages: Stages }>;

/**
 * The part of the screen that is redrawn: stages that are over scrolling by, two lines on the whole run, the running
 * stages, then the first table that is not complete. At most `rows - 1` lines, so that the terminal never scrolls it
 * away, and none wider than the window.
 */
export function liveLines(view: View, size: Size, style: Style, filling?: Filling): readonly string[] {
  if (view.done !== undefined) return [];
  const room = Math.max(1, size.rows - 1);
  const head = ['', headLine(view, size.columns, style), clockLine(view, size.columns, style, filling)].slice(0, room);
  const body = bodyLines(view, room - head.length, size, style, filling);
  const left = room - head.length - body.length;
  const recent = left <= 0 ? [] : view.recent.slice(-left).flatMap((ended) => endedLines(ended, style));
  return [...recent.map((line) => cutTo(line, size.columns)), ...head, ...body];
}

function bodyLines(view: View, rest: number, size: Size, style: Style, filling?: Filling): readonly string[] {
  const board = filling?.boards.find((one) => !isOver(one, filling.stages)) ?? filling?.boards.at(-1);
  if (board === undefined || filling === undefined) return runningLines(view, rest, size.columns, style);
  // the table takes what it needs, but stages at work keep a third
  const wanted = board.table.rows.length + 3;
  const stages = runningLines(view, Math.max(rest - wanted, Math.ceil(rest / 3)), size.columns, style);
  const table = boardLines(board, filling.stages, { columns: size.columns, rows: rest - stages.length - 1 }, style);
  return table.length === 0 ? runningLines(view, rest, size.columns, style) : [...stages, '', ...table];
}

function headLine(view: View, columns: number, style: Style): string {
  const over = view.reused + view.ran + view.failed + view.blocked;
  const counts: readonly (readonly [number, string, Parameters<typeof paint>[1]])[] = [
    [view.reused, 'reused', 'dim'],
    [view.ran, 'ran', 'good'],
    [view.running.length, 'running', 'accent'],
    [view.waiting.size, 'made elsewhere', 'accent'],
    [view.failed, 'failed', 'bad'],
    [view.blocked, 'blocked', 'warn'],
  ];
  const always = new Set(['reused', 'running', 'failed']);
  const shown = counts.filter(([number, name]) => number > 0 || always.has(name));
  const words = shown
    .map(([number, name, tone]) => paint(style, number > 0 ? tone : 'dim', `${number} ${name}`))
    .join('  ');
  const total = `${over}/${view.stages} stages`;
  const bare = widthOf(total) + widthOf(words) + 6;
  const name = shorten(view.experiment, Math.max(8, columns - bare));
  const left = columns - bare - widthOf(name);
  const bar =
    left >= 8 ? `${progressBar(view.stages === 0 ? 0 : over / view.stages, Math.min(30, left), style)}  ` : '';
  return cutTo(`${paint(style, 'bold', name)}  ${bar}${total}  ${words}`, columns);
}

/** Time, cells, engine; what does not fit is left out from the right. */
function clockLine(view: View, columns: number, style: Style, filling?: Filling): string {
  const left = secondsLeft(view);
  const facts = [
    ...(view.stopping === 'clean' ? ['stopping after the next checkpoint; Ctrl-C again stops at once'] : []),
    ...(view.stopping === 'force' ? ['stopping at once'] : []),
    duration((view.now - view.startedAt) / 1000),
    ...(left === undefined ? [] : [`about ${duration(left)} left`]),
    ...(filling === undefined || filling.boards.length === 0 ? [] : [cellsText(filling)]),
    ...(view.engine === undefined ? [] : [view.engine]),
  ];
  const [first = '', ...rest] = facts;
  const line = rest.reduce(
    (text, fact) => (widthOf(`${text} · ${fact}`) > columns ? text : `${text} · ${fact}`),
    first,
  );
  return paint(style, view.stopping === undefined ? 'dim' : 'warn', cutTo(line, columns));
}

/** `cells 5/24: 2 cached, 3 running, 1 failed`, over all tables; those that are cached count as done. */
function cellsText({ boards, stages }: Filling): string {
  const states = boards.flatMap(({ needs }) => needs.flatMap((row) => row.map((ids) => workOf(ids, stages).state)));
  const number = (...wanted: readonly StageState[]) => states.filter((state) => wanted.includes(state)).length;
  const counts = [
    [number('cached'), 'cached'],
    [number('running', 'waits'), 'running'],
    [number('failed', 'blocked'), 'failed'],
  ] as const;
  const told = counts.flatMap(([count, name]) => (count > 0 ? [`${count} ${name}`] : []));
  return `cells ${number('cached', 'made')}/${states.length}${told.length > 0 ? `: ${told.join(', ')}` : ''}`;
}
