import type { Key } from 'ink';

/** Keys by the names that the reducer knows; none for one that means nothing here. Letters typed fast come several at once. */
export function keyNames(input: string, key: Key): readonly string[] {
  const name = keyName(input, key);
  if (name === undefined) return [];
  return name === input ? [...input].flatMap((letter) => amongLetters[letter] ?? letter) : [name];
}

/** Keys that write one character, where they come among letters. */
const amongLetters: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\b': 'backspace',
  '\u007F': 'backspace',
  '\u0003': 'ctrl-c',
};

/** A letter is itself. */
function keyName(input: string, key: Key): string | undefined {
  if (key.upArrow) return 'up';
  if (key.downArrow) return 'down';
  if (key.leftArrow) return 'left';
  if (key.rightArrow) return 'right';
  if (key.pageUp) return 'pageup';
  if (key.pageDown) return 'pagedown';
  if (key.home) return 'home';
  if (key.end) return 'end';
  if (key.return) return 'enter';
  if (key.escape) return 'escape';
  if (key.tab) return key.shift ? 'backtab' : 'tab';
  if (key.backspace || key.delete) return 'backspace';
  if (key.ctrl) return input === 'c' ? 'ctrl-c' : input === 'd' ? 'pagedown' : input === 'u' ? 'pageup' : undefined;
  return input === '' || key.meta ? undefined : input;
}

const vim: Readonly<Record<string, string>> = {
  k: 'up',
  j: 'down',
  h: 'left',
  l: 'right',
  g: 'home',
  G: 'end',
};

/** The movement that a letter stands for where no text is typed. */
export function movement(key: string): string {
  return vim[key] ?? key;
}

/** `short`: how the line at the foot of the screen says it. */
export type Hint = readonly [keys: string, does: string, short?: string];

/** What the keys do on each screen: the footer shows the first, `?` all. */
export const hints = {
  everywhere: [
    ['↑↓←→ hjkl', 'move'],
    ['PgUp PgDn', 'a page (^u ^d)'],
    ['g G', 'first, last'],
    ['/', 'search; n N: next'],
    ['Esc', 'back'],
    ['1 2 3', 'table, stages, history'],
    ['e', 'experiments near'],
    ['!', 'log of the next failure'],
    ['r', 'run (asks first)'],
    ['x', 'stop it (asks first)'],
    ['?', 'this help'],
    ['q', 'quit'],
  ],
  experiments: [['Enter', 'open']],
  table: [
    ['Enter', 'stages of the cell', 'stages'],
    ['w', 'why it runs again', 'why'],
    ['o', 'log'],
    ['i', 'lineage'],
    ['=', 'compare (marked, else baseline)', 'compare'],
    ['s', 'sort by the column', 'sort'],
    ['p', 'paper'],
    ['^ $', 'first, last column'],
    ['/', 'find a row or a column', 'search'],
    ['Space', 'mark a row'],
    ['d', 'deltas'],
    ['u', 'spread'],
    ['v', 'hide columns without variation'],
    ['t', 'next table'],
    ['P', 'labelled patches'],
    ['f', 'force a stage (asks first)'],
    ['y Y', 'copy as Markdown, LaTeX'],
  ],
  stages: [
    ['Enter', 'open'],
    ['w', 'why it runs again', 'why'],
    ['o', 'log'],
    ['c', 'curve'],
    ['i', 'lineage'],
    ['f', 'force (asks first)', 'force'],
    ['a m', 'parameters, metrics'],
    ['P', 'labelled patches'],
  ],
  history: [['Enter', 'open its stage']],
  stage: [
    ['Tab ←→', 'next pane', 'pane'],
    ['w a m c o i P', 'the pane of that letter', 'panes'],
    ['f', 'force (asks first)', 'force'],
    ['Enter', 'open what lineage names', 'open'],
    ['n N', 'next, previous picture'],
  ],
  compare: [['y', 'copy']],
} as const satisfies Readonly<Record<string, readonly Hint[]>>;
