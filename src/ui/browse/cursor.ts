import {
  boardOf,
  comparisonText,
  paneTexts,
  shownColumns,
  shownExperiments,
  shownHistory,
  shownRows,
  shownStages,
} from './shown.ts';
import type { Screen, State } from './state.ts';
import type { World } from './world.ts';

/** How many lines the cursor of a screen can stand on. */
export function lengthOf(screen: Screen, world: World): number {
  switch (screen.at) {
    case 'experiments':
      return shownExperiments(screen, world).length;
    case 'stages':
      return shownStages(screen, world).length;
    case 'history':
      return shownHistory(screen, world).length;
    case 'table': {
      const board = boardOf(screen, world);
      return board === undefined ? 0 : shownRows(screen, board).length;
    }
    case 'stage':
      return paneTexts(screen, world).length;
    case 'compare':
      return comparisonText(screen, world, 'plain').split('\n').length;
  }
}

/** A screen whose cursor stands on something that is there. */
export function clamped<S extends Screen>(screen: S, world: World): S {
  const cursor = Math.max(0, Math.min(screen.cursor, lengthOf(screen, world) - 1));
  if (screen.at !== 'table') return { ...screen, cursor };
  const board = boardOf(screen, world);
  const columns = board === undefined ? 0 : shownColumns(screen, board).length;
  return { ...screen, cursor, column: Math.max(0, Math.min(screen.column, columns - 1)) };
}

/** The first and the last line to show, so that the cursor stands in the middle where there is room on both sides. */
export function windowOf(cursor: number, length: number, room: number): readonly [from: number, to: number] {
  const from = Math.max(0, Math.min(cursor - Math.floor(room / 2), length - room));
  return [from, Math.min(length, from + room)];
}

/** The world changed: cursors may point past its end. */
export function settled(state: State, world: World): State {
  return { ...state, stack: state.stack.map((screen) => clamped(screen, world)) };
}
