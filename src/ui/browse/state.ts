import type { Size } from '../screen.ts';
import type { Pane } from './world.ts';

export type Sort = Readonly<{ column: number; descending: boolean }>;

/** One screen; those beneath it on the stack come back with Esc. Cursors count what is shown, after search and sorting. */
export type Screen =
  | Readonly<{ at: 'experiments'; cursor: number; search: string }>
  | Readonly<{
      at: 'table';
      table: number;
      cursor: number;
      /** index into the columns that are shown */
      column: number;
      sort?: Sort;
      /** only columns in which rows differ */
      varying: boolean;
      show: Readonly<{ delta: boolean; spread: boolean; paper: boolean }>;
      marked: readonly string[];
      search: string;
    }>
  | Readonly<{ at: 'stages'; title: string; only?: readonly string[]; cursor: number; search: string }>
  | Readonly<{ at: 'history'; cursor: number; search: string }>
  /** `follow`: the log stays at its end; `image`: number of the picture whose patches are shown */
  | Readonly<{ at: 'stage'; stage: string; pane: Pane; cursor: number; follow: boolean; search: string; image: number }>
  | Readonly<{ at: 'compare'; table: number; left: string; right: string; cursor: number; search: string }>;

/** What a yes would start, and what that costs. */
export type Question = Readonly<{ text: string; effect: Effect }>;

export type State = Readonly<{
  size: Size;
  /** the last is shown; never empty */
  stack: readonly Screen[];
  /** a search is being typed */
  typing: boolean;
  help: boolean;
  question?: Question;
  /** told once, until the next key */
  message?: string;
}>;

/** What the program has to do after a key. */
export type Effect =
  | Readonly<{ type: 'quit' }>
  | Readonly<{ type: 'open'; file: string }>
  | Readonly<{ type: 'copy'; text: string; what: string }>
  /** find out what a run costs, and ask */
  | Readonly<{ type: 'price'; force?: string }>
  | Readonly<{ type: 'start'; force?: string }>
  | Readonly<{ type: 'stop' }>;

export type Action =
  | Readonly<{ type: 'key'; key: string }>
  | Readonly<{ type: 'size'; size: Size }>
  | Readonly<{ type: 'ask'; question: Question }>
  | Readonly<{ type: 'tell'; message: string }> // '' takes back what was told
  /** an experiment was opened: its table, or its stages where it has none */
  | Readonly<{ type: 'opened' }>;

export type Turn = Readonly<{ state: State; effect?: Effect }>;

export const tableScreen: Screen = {
  at: 'table',
  table: 0,
  cursor: 0,
  column: 0,
  varying: false,
  show: { delta: true, spread: false, paper: false },
  marked: [],
  search: '',
};
export const stagesScreen: Screen = { at: 'stages', title: 'stages', cursor: 0, search: '' };
export const historyScreen: Screen = { at: 'history', cursor: 0, search: '' };
export const experimentsScreen: Screen = { at: 'experiments', cursor: 0, search: '' };

export function initialState(size: Size): State {
  return { size, stack: [experimentsScreen], typing: false, help: false };
}

export function top(state: State): Screen {
  const screen = state.stack.at(-1);
  if (screen === undefined) throw new Error('the browser shows no screen');
  return screen;
}

/** Lines between the header and the footer. */
export function bodyRows({ rows }: Size): number {
  return Math.max(1, rows - 5);
}

export function replace(state: State, screen: Screen): State {
  return { ...state, stack: [...state.stack.slice(0, -1), screen] };
}

export function push(state: State, screen: Screen): State {
  return { ...state, stack: [...state.stack, screen] };
}
