import { problemLine } from '../../problem.ts';
import { notesOf } from '../../report/cells.ts';
import { paint, type Style, type Tone } from '../../report/style.ts';
import { padRight, shorten, widthOf, wrap } from '../../report/width.ts';
import { brokenTo, cutTo } from '../cut.ts';
import type { Size } from '../screen.ts';
import { type Hint, hints } from './keys.ts';
import { textLines } from './lines.ts';
import { boardOf, comparisonText, shownExperiments, shownHistory, shownStages } from './shown.ts';
import { stageLines } from './stage-view.ts';
import { experimentLines, historyLines, stageListLines, stateSign } from './stages-view.ts';
import { bodyRows, type Screen, type State, top } from './state.ts';
import { tableLines } from './table-view.ts';
import type { ItemState, World } from './world.ts';

/** Everything on the screen: exactly `rows - 1` lines, none wider than the window. */
export function frameLines(state: State, world: World, style: Style): readonly string[] {
  const { size } = state;
  const screen = top(state);
  const room = { columns: size.columns, rows: bodyRows(size) };
  const body = state.help ? helpLines(screen, size.columns) : bodyLines(screen, world, room, style);
  const foot = footLines(state, world, style);
  // a long question or remark covers the end of the body while it stands there
  const filled = Array.from({ length: Math.max(0, room.rows + 2 - foot.length) }, (_, at) => body[at] ?? '');
  const lines = [
    titleLine(screen, world, size, style),
    paint(style, 'dim', '─'.repeat(size.columns)),
    ...filled,
    ...foot,
  ];
  return lines.slice(0, Math.max(1, size.rows - 1)).map((line) => cutTo(line, size.columns));
}

function bodyLines(screen: Screen, world: World, size: Size, style: Style): readonly string[] {
  if (world.file !== undefined && world.open === undefined && world.problems.length === 0)
    return [`  reading ${world.file} …`];
  if (screen.at === 'experiments')
    return [
      ...problemLines(world, size, style),
      ...experimentLines(shownExperiments(screen, world), screen.cursor, size, style),
    ];
  const { open } = world;
  if (open === undefined) return [...problemLines(world, size, style), ...(world.problems.length > 0 ? [] : ['  …'])];
  switch (screen.at) {
    case 'table': {
      const board = boardOf(screen, world);
      if (board === undefined) return ['  this experiment declares no table'];
      const notes = notesOf(board.table, 'signs').flatMap((note) => wrap(note, size.columns, '  '));
      const needed = board.table.rows.length + 3;
      const kept = notes.slice(0, Math.max(0, size.rows - needed));
      const table = tableLines(screen, board, open.states, { ...size, rows: size.rows - kept.length }, style);
      return [...table, ...(kept.length === 0 ? [] : ['', ...kept.map((note) => paint(style, 'dim', note))])];
    }
    case 'stages':
      return stageListLines(shownStages(screen, world), screen.cursor, size, style);
    case 'history':
      return historyLines(shownHistory(screen, world), screen.cursor, size, style);
    case 'stage':
      return stageLines(screen, open, world, size, style);
    case 'compare':
      return textLines(
        comparisonText(screen, world, style).split('\n'),
        screen.cursor,
        size,
        style,
        screen.search !== '',
      );
  }
}

function problemLines({ problems }: World, { columns }: Size, style: Style): readonly string[] {
  return problems.flatMap((problem) =>
    wrap(problemLine(problem), columns - 2).map((line) => paint(style, 'bad', `  ${line}`)),
  );
}

/** Where one is, and how the experiment stands. */
function titleLine(screen: Screen, world: World, { columns }: Size, style: Style): string {
  const name = world.open?.experiment.name ?? 'sea';
  const tabs = ['table', 'stages', 'history'].map((tab, at) =>
    tab === screen.at || tab === tabOf(screen) ? paint(style, 'bold', `[${at + 1} ${tab}]`) : ` ${at + 1} ${tab} `,
  );
  const place = placeOf(screen, world);
  const left = world.open === undefined ? 'experiments' : `${tabs.join('')}${place === '' ? '' : `  ${place}`}`;
  const counts = countsText(world, columns - widthOf(left) - widthOf(name) - 4);
  const title = shorten(name, Math.max(8, columns - widthOf(left) - widthOf(counts) - 4));
  const gap = ' '.repeat(Math.max(2, columns - widthOf(title) - widthOf(left) - widthOf(counts) - 2));
  return `${paint(style, 'accent', title)}  ${left}${gap}${paint(style, world.problems.length > 0 ? 'bad' : 'dim', counts)}`;
}

function tabOf(screen: Screen): string {
  return screen.at === 'compare' ? 'table' : screen.at === 'stage' ? 'stages' : screen.at;
}

function placeOf(screen: Screen, world: World): string {
  switch (screen.at) {
    case 'table': {
      const tables = world.open?.boards.length ?? 0;
      return tables > 1 ? `table ${(screen.table % tables) + 1} of ${tables}` : '';
    }
    case 'stages':
      return screen.only === undefined ? '' : screen.title;
    case 'compare':
      return `${screen.left} and ${screen.right}`;
    default:
      return '';
  }
}

/** How many stages are in which state; by their signs where the words do not fit. */
function countsText({ open, problems, run }: World, room: number): string {
  if (problems.length > 0) return `${problems.length} problem${problems.length === 1 ? '' : 's'}`;
  if (open === undefined) return '';
  const counts = new Map<ItemState, number>();
  for (const { state } of open.stages) counts.set(state, (counts.get(state) ?? 0) + 1);
  const order: readonly ItemState[] = ['running', 'failed', 'to run', 'waits', 'blocked', 'cached'];
  const told = order.flatMap((state) => {
    const number = counts.get(state);
    return number === undefined ? [] : [{ long: `${number} ${state}`, short: `${stateSign(state)}${number}` }];
  });
  const live = run === undefined ? '' : 'run ';
  const long = `${live}${told.map((one) => one.long).join(' · ')}`;
  return widthOf(long) <= room ? long : `${live}${told.map((one) => one.short).join(' ')}`;
}

/** What is asked, told or searched, in as many lines as that takes; then the keys. */
function footLines(state: State, world: World, style: Style): readonly string[] {
  const screen = top(state);
  const keys = footHints(screen, state.size.columns, style);
  const told = (tone: Tone, text: string) =>
    brokenTo(text, state.size.columns).map((line) => paint(style, tone, line.trimStart()));
  if (state.question !== undefined)
    return [...told('warn', state.question.text), paint(style, 'bold', 'y yes   any other key no')];
  if (state.typing) return [`/${screen.search}▏`, paint(style, 'dim', 'Enter keeps the search, Esc gives it up')];
  if (state.message !== undefined) return [...told('warn', state.message), keys];
  if (screen.search !== '') return [paint(style, 'accent', `/${screen.search}   Esc shows all again`), keys];
  const changed = world.problems[0];
  const note = changed === undefined || screen.at === 'experiments' ? '' : problemLine(changed);
  return [...told('bad', note), keys];
}

function footHints(screen: Screen, columns: number, style: Style): string {
  const own: readonly Hint[] = hints[screen.at];
  const common: readonly Hint[] = [
    ['?', 'help'],
    ['/', 'search'],
    ['q', 'quit'],
    ['Esc', 'back'],
    ['r', 'run'],
  ];
  let line = '';
  // the way to all other keys is never cut
  const others = common.filter(([key]) => own.every(([one]) => one !== key));
  for (const [key, does, short] of [...others.slice(0, 1), ...own, ...others.slice(1)]) {
    const next = `${line === '' ? '' : `${line}  `}${key} ${short ?? does}`;
    if (widthOf(next) <= columns) line = next;
  }
  return paint(style, 'dim', line);
}

/** Keys here and everywhere, beside each other where the window is wide enough for both. */
function helpLines(screen: Screen, columns: number): readonly string[] {
  const left = [`here (${screen.at})`, ...keyLines(hints[screen.at])];
  const right = ['everywhere', ...keyLines(hints.everywhere)];
  const width = Math.max(...left.map(widthOf)) + 2;
  if (width + Math.max(...right.map(widthOf)) + 1 > columns) return [...left, '', ...right].map((text) => ` ${text}`);
  const rows = Math.max(left.length, right.length);
  return Array.from({ length: rows }, (_, at) => ` ${padRight(left[at] ?? '', width)}${right[at] ?? ''}`.trimEnd());
}

function keyLines(own: readonly Hint[]): readonly string[] {
  const width = Math.max(...own.map(([keys]) => widthOf(keys))) + 2;
  return own.map(([keys, does]) => padRight(keys, width) + does);
}
