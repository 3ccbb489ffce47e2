import { clamped, lengthOf } from './cursor.ts';
import { movement } from './keys.ts';
import { screenKey } from './screens.ts';
import { boardOf, comparisonText, matchesAt, paneTexts, soughtColumn } from './shown.ts';
import {
  type Action,
  bodyRows,
  experimentsScreen,
  historyScreen,
  push,
  replace,
  type Screen,
  type State,
  stagesScreen,
  type Turn,
  tableScreen,
  top,
} from './state.ts';
import type { World } from './world.ts';

/** The browser after an action; pure, so that every key can be tried without a terminal. */
export function reduce(state: State, action: Action, world: World): Turn {
  switch (action.type) {
    case 'size':
      return { state: { ...state, size: action.size } };
    case 'ask':
      return { state: { ...state, question: action.question } };
    case 'tell':
      return { state: action.message === '' ? untold(state) : { ...state, message: action.message } };
    case 'opened':
      return { state: { ...state, stack: [(world.open?.boards.length ?? 0) > 0 ? tableScreen : stagesScreen] } };
    case 'key':
      return onKey(untold(state), action.key, world);
  }
}

function untold({ message: _, ...state }: State): State {
  return state;
}

function onKey(state: State, key: string, world: World): Turn {
  if (key === 'ctrl-c') return leave(state, world);
  if (state.question !== undefined) return answer(state, key);
  if (state.help) return { state: { ...state, help: false } };
  if (state.typing) return { state: type(state, key, world) };
  const moved = move(state, movement(key), world);
  if (moved !== undefined) return { state: moved };
  return oneRun(screenKey(state, movement(key), world) ?? everywhere(state, key, world), world);
}

/** Of two runs started here only one could be stopped from here. */
function oneRun(turn: Turn, { run }: World): Turn {
  if (turn.effect?.type !== 'price' || run !== 'own') return turn;
  return { state: { ...turn.state, message: 'the run that was started here is still at work: x stops it' } };
}

/** Anything but yes is no. */
function answer({ question, ...state }: State, key: string): Turn {
  return key === 'y' && question !== undefined ? { state, effect: question.effect } : { state };
}

/** A search narrows lists while it is typed; in a table it goes to a column, in texts to the first line that has it. */
function type(state: State, key: string, world: World): State {
  const { search } = top(state);
  if (key === 'enter') return { ...state, typing: false };
  if (key === 'escape') return withSearch({ ...state, typing: false }, '', world);
  if (key === 'backspace') return withSearch(state, search.slice(0, -1), world);
  return [...key].length === 1 || !/^[a-z-]+$/.test(key) ? withSearch(state, search + key, world) : state;
}

function withSearch(state: State, search: string, world: World): State {
  return replace(state, clamped(sought({ ...top(state), search }, world), world));
}

/** The screen with its cursor on what is searched. */
function sought(screen: Screen, world: World): Screen {
  switch (screen.at) {
    case 'table': {
      const board = boardOf(screen, world);
      const column = board === undefined ? undefined : soughtColumn(screen, board);
      return { ...screen, cursor: 0, column: column ?? screen.column };
    }
    case 'stage': {
      const cursor = firstWith(screen.search, paneTexts(screen, world));
      return cursor < 0 ? screen : { ...screen, cursor, follow: false };
    }
    case 'compare': {
      const cursor = firstWith(screen.search, comparisonText(screen, world, 'plain').split('\n'));
      return cursor < 0 ? screen : { ...screen, cursor };
    }
    default:
      return { ...screen, cursor: 0 };
  }
}

/** -1: none, or nothing is searched. */
function firstWith(search: string, texts: readonly string[]): number {
  return search === '' ? -1 : texts.findIndex((_, at) => matchesAt(texts, at, search));
}

/** Undefined: the key is no movement up or down. */
function move(state: State, key: string, world: World): State | undefined {
  const screen = top(state);
  const page = Math.max(1, bodyRows(state.size) - 2);
  const length = lengthOf(screen, world);
  const last = length - 1;
  const from = screen.at === 'stage' && screen.follow && screen.pane === 'log' ? last : screen.cursor;
  const steps: Readonly<Record<string, number>> = {
    up: from - 1,
    down: from + 1,
    pageup: from - page,
    pagedown: from + page,
    home: 0,
    end: last,
  };
  const cursor = steps[key];
  if (cursor === undefined) return undefined;
  const moved = clamped({ ...screen, cursor }, world);
  return replace(state, moved.at === 'stage' ? { ...moved, follow: moved.cursor >= last } : moved);
}

function everywhere(state: State, key: string, world: World): Turn {
  switch (key) {
    case 'q':
      return leave(state, world);
    case '?':
      return { state: { ...state, help: true } };
    case '/':
      return { state: { ...state, typing: true } };
    case 'escape':
    case 'backspace':
      return { state: back(state, world) };
    case '1':
      return (world.open?.boards.length ?? 0) === 0
        ? { state: { ...state, message: 'this experiment declares no table' } }
        : { state: { ...state, stack: [tableScreen] } };
    case '2':
      return { state: { ...state, stack: [stagesScreen] } };
    case '3':
      return { state: { ...state, stack: [historyScreen] } };
    case 'e':
      return { state: { ...state, stack: [experimentsScreen] } };
    case 'r':
      return world.open === undefined
        ? { state: { ...state, message: 'open an experiment first' } }
        : { state, effect: { type: 'price' } };
    case 'x':
      return { state: stopping(state, world) };
    case '!':
      return { state: nextFailure(state, world) };
    default:
      return { state };
  }
}

/** The log of the first failed stage; from there, of the next one. */
function nextFailure(state: State, { open }: World): State {
  const failed = (open?.stages ?? []).flatMap((item) => (item.state === 'failed' ? [item.id] : []));
  const screen = top(state);
  const at = screen.at === 'stage' && screen.pane === 'log' ? failed.indexOf(screen.stage) : -1;
  const next = failed[(at + 1) % failed.length];
  if (next === undefined) return { ...state, message: 'no stage has failed' };
  return at < 0 ? push(state, logScreen(next)) : replace(state, logScreen(next));
}

function logScreen(stage: string): Screen {
  return { at: 'stage', stage, pane: 'log', cursor: 0, follow: true, search: '', image: 0 };
}

/** Leaving stops the run that was started here, and so asks. */
function leave(state: State, world: World): Turn {
  if (world.run !== 'own' || state.question?.effect.type === 'quit') return { state, effect: { type: 'quit' } };
  const text = 'The run that was started here stops with it, after its next checkpoint. Quit?';
  return { state: { ...state, question: { text, effect: { type: 'quit' } } } };
}

function stopping(state: State, { run }: World): State {
  if (run === undefined) return { ...state, message: 'nothing runs' };
  if (run !== 'own') return { ...state, message: `${run.process} started this run: stop it there, with Ctrl-C` };
  const text =
    'The run that was started here ends at its next checkpoint; what was done since is done again. Other runs go on. Stop?';
  return { ...state, question: { text, effect: { type: 'stop' } } };
}

/** A search is given up first; then the screen beneath comes back. */
function back(state: State, world: World): State {
  if (top(state).search !== '') return withSearch(state, '', world);
  return state.stack.length > 1 ? { ...state, stack: state.stack.slice(0, -1) } : state;
}
