import { formatLatex } from '../../report/latex.ts';
import { formatMarkdown } from '../../report/markdown.ts';
import { clamped } from './cursor.ts';
import {
  boardOf,
  cellAt,
  comparisonText,
  matchesAt,
  paneTexts,
  shownColumns,
  shownExperiments,
  shownHistory,
  shownRows,
  shownStages,
  tellingStage,
} from './shown.ts';
import { push, replace, type Screen, type State, type Turn, top } from './state.ts';
import { type Pane, panes, type World } from './world.ts';

type On<Name extends Screen['at']> = Extract<Screen, { at: Name }>;

/** What a key does on the screen that is shown; undefined: nothing of its own. */
export function screenKey(state: State, key: string, world: World): Turn | undefined {
  const screen = top(state);
  switch (screen.at) {
    case 'experiments': {
      const found = shownExperiments(screen, world)[screen.cursor];
      return key === 'enter' && found !== undefined ? { state, effect: { type: 'open', file: found.file } } : undefined;
    }
    case 'table':
      return tableKey(state, screen, key, world);
    case 'stages':
      return listKey(state, key, shownStages(screen, world)[screen.cursor]?.id);
    case 'history':
      return key === 'enter' ? openKnown(state, shownHistory(screen, world)[screen.cursor]?.stage, world) : undefined;
    case 'stage':
      return stageKey(state, screen, key, world);
    case 'compare': {
      const text = comparisonText(screen, world, 'plain');
      return key === 'y' && text !== '' ? { state, effect: { type: 'copy', text, what: 'the comparison' } } : undefined;
    }
  }
}

const paneKeys: Readonly<Record<string, Pane>> = {
  w: 'why',
  a: 'parameters',
  m: 'metrics',
  c: 'curve',
  o: 'log',
  i: 'lineage',
  P: 'patches',
};

function openStage(state: State, stage: string, pane: Pane): State {
  const screen: Screen = { at: 'stage', stage, pane, cursor: 0, follow: pane === 'log', search: '', image: 0 };
  return push(state, screen);
}

/** A stage of the history may be gone from the experiment since. */
function openKnown(state: State, stage: string | undefined, { open }: World): Turn {
  if (stage === undefined) return { state };
  if (open?.items.has(stage) === true) return { state: openStage(state, stage, 'why') };
  return { state: { ...state, message: `${stage} is no stage of the experiment now` } };
}

function listKey(state: State, key: string, stage: string | undefined): Turn | undefined {
  if (stage === undefined) return undefined;
  if (key === 'f') return { state, effect: { type: 'price', force: stage } };
  const pane = key === 'enter' || key === 'right' ? 'why' : paneKeys[key];
  if (key === 'left') return { state: state.stack.length > 1 ? { ...state, stack: state.stack.slice(0, -1) } : state };
  return pane === undefined ? undefined : { state: openStage(state, stage, pane) };
}

function stageKey(state: State, screen: On<'stage'>, key: string, world: World): Turn | undefined {
  const at = panes.indexOf(screen.pane);
  const show = (pane: Pane): Turn => ({
    state: replace(state, { ...screen, pane, cursor: 0, follow: pane === 'log', search: '' }),
  });
  if (key === 'tab' || key === 'right') return show(panes[(at + 1) % panes.length] as Pane);
  if (key === 'backtab' || key === 'left') return show(panes[(at + panes.length - 1) % panes.length] as Pane);
  if (key === 'f') return { state, effect: { type: 'price', force: screen.stage } };
  if (key === 'enter' && screen.pane === 'lineage') {
    const stage = world.detail?.lineage[screen.cursor]?.stage;
    return stage === undefined ? undefined : { state: openStage(state, stage, 'why') };
  }
  if (screen.pane === 'patches' && (key === 'n' || key === 'N')) {
    const image = Math.max(0, screen.image + (key === 'n' ? 1 : -1));
    return { state: replace(state, { ...screen, image, cursor: 0 }) };
  }
  if (key === 'n' || key === 'N') return { state: nextMatch(state, screen, key === 'n' ? 1 : -1, world) };
  const pane = paneKeys[key];
  return pane === undefined ? undefined : show(pane);
}

/** The next line that has what was searched, round the end. */
function nextMatch(state: State, screen: On<'stage'>, direction: 1 | -1, world: World): State {
  const texts = paneTexts(screen, world);
  if (screen.search === '' || texts.length === 0) return state;
  for (let steps = 1; steps <= texts.length; steps++) {
    const at = (screen.cursor + direction * steps + texts.length * 2) % texts.length;
    if (matchesAt(texts, at, screen.search)) return replace(state, { ...screen, cursor: at, follow: false });
  }
  return { ...state, message: `nothing has "${screen.search}"` };
}

function tableKey(state: State, screen: On<'table'>, key: string, world: World): Turn | undefined {
  const board = boardOf(screen, world);
  if (board === undefined) return undefined;
  const put = (changes: Partial<On<'table'>>): Turn => ({
    state: replace(state, clamped({ ...screen, ...changes }, world)),
  });
  const toggle = (name: keyof On<'table'>['show']) => put({ show: { ...screen.show, [name]: !screen.show[name] } });
  switch (key) {
    case 'left':
      return put({ column: screen.column - 1 });
    case 'right':
      return put({ column: screen.column + 1 });
    case '^':
      return put({ column: 0 });
    case '$':
      return put({ column: Number.POSITIVE_INFINITY });
    case 'd':
      return toggle('delta');
    case 'u':
      return toggle('spread');
    case 'p':
      return toggle('paper');
    case 'v':
      return put({ varying: !screen.varying });
    case 't':
      return put({ table: (screen.table + 1) % (world.open?.boards.length ?? 1), marked: [] });
    case 's':
      return sorted(state, screen, world);
    case ' ':
      return put({ marked: marked(screen, world) });
    case '=':
      return compared(state, screen, world);
    case 'y':
      return { state, effect: { type: 'copy', text: formatMarkdown(board.table), what: 'the table as Markdown' } };
    case 'Y':
      return { state, effect: { type: 'copy', text: formatLatex(board.table), what: 'the table as LaTeX' } };
    default:
      return cellKey(state, screen, key, world);
  }
}

/** Best first, then worst first, then as declared. */
function sorted(state: State, screen: On<'table'>, world: World): Turn {
  const board = boardOf(screen, world);
  const column = board === undefined ? undefined : shownColumns(screen, board)[screen.column];
  if (board === undefined || column === undefined) return { state };
  const best = board.table.columns[column]?.lowerIsBetter !== true;
  const { sort, ...unsorted } = screen;
  if (sort?.column !== column) return { state: replace(state, { ...screen, sort: { column, descending: best } }) };
  if (sort.descending === best) return { state: replace(state, { ...screen, sort: { column, descending: !best } }) };
  return { state: replace(state, unsorted) };
}

function marked(screen: On<'table'>, world: World): readonly string[] {
  const board = boardOf(screen, world);
  const name = board === undefined ? undefined : shownRows(screen, board)[screen.cursor]?.row.name;
  if (name === undefined) return screen.marked;
  // a third mark takes the place of the oldest
  return screen.marked.includes(name)
    ? screen.marked.filter((one) => one !== name)
    : [...screen.marked.slice(-1), name];
}

/** Two marked rows; one marked and the one under the cursor; else what numbers are compared with and that. */
function compared(state: State, screen: On<'table'>, world: World): Turn {
  const here = cellAt(screen, world)?.row;
  const baseline = boardOf(screen, world)?.table.rows.find(({ name }) => name === here?.against)?.name;
  const [first, second] = screen.marked;
  const [left, right] = second === undefined ? [first ?? baseline, here?.name] : [first, second];
  if (left === undefined || right === undefined || left === right)
    return { state: { ...state, message: 'mark a row with Space, go to another, then =' } };
  return { state: push(state, { at: 'compare', table: screen.table, left, right, cursor: 0, search: '' }) };
}

/** The stages behind a cell, or at once the one that tells most. */
function cellKey(state: State, screen: On<'table'>, key: string, world: World): Turn | undefined {
  const found = cellAt(screen, world);
  const pane = paneKeys[key];
  if (found === undefined || (key !== 'enter' && key !== 'f' && pane === undefined)) return undefined;
  const stage = tellingStage(found.needs, found.cell.stages, world);
  if (stage === undefined) return { state: { ...state, message: 'no stage stands behind this cell' } };
  if (key === 'f') return { state, effect: { type: 'price', force: stage } };
  if (pane !== undefined) return { state: openStage(state, stage, pane) };
  const wanted = new Set(found.needs);
  const only = (world.open?.stages ?? []).flatMap(({ id }) => (wanted.has(id) ? [id] : []));
  const label = boardOf(screen, world)?.table.columns[found.column]?.label ?? '';
  const title = `${found.row.name} · ${label}`;
  return { state: push(state, { at: 'stages', title, only, cursor: only.indexOf(stage), search: '' }) };
}
