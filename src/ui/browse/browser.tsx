import { render, Text, useInput } from 'ink';
import type { Style } from '../../report/style.ts';
import type { Size } from '../screen.ts';
import { settled } from './cursor.ts';
import { frameLines } from './frame.ts';
import { keyNames } from './keys.ts';
import { reduce } from './reduce.ts';
import { type Action, type Effect, initialState, type Screen, type State, top } from './state.ts';
import type { World } from './world.ts';

type BrowserProps = Readonly<{ state: State; world: World; style: Style; onKey(key: string): void }>;

/** The lines of the frame; a key goes to the reducer by its name. */
export function Browser({ state, world, style, onKey }: BrowserProps) {
  useInput((input, key) => {
    for (const name of keyNames(input, key)) onKey(name);
  });
  const lines = frameLines(state, world, style);
  return <Text wrap="truncate">{lines.map((line) => (line === '' ? ' ' : line)).join('\n')}</Text>;
}

export type Terminal = Readonly<{ stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream; style: Style }>;

/** An open browser: the edge hands it the world and does what it asks for. */
export type BrowserHandle = Readonly<{
  show(world: World): void;
  act(action: Action): void;
  screen(): Screen;
  size(): Size;
  /** gives the terminal back as it was */
  close(): void;
}>;

const alternate = { enter: '\u001B[?1049h\u001B[H', leave: '\u001B[?1049l' };

/** Takes the whole window until closed; what stood there comes back then. */
export function openBrowser(
  { stdin, stdout, style }: Terminal,
  first: World,
  /** what is told in the first frame */
  message: string,
  effect: (effect: Effect) => void,
  /** after every action: another stage may be shown now */
  acted: () => void,
): BrowserHandle {
  let world = first;
  let { state } = reduce(initialState(sizeOf(stdout)), { type: 'tell', message }, world);
  const act = (action: Action) => {
    const turn = reduce(state, action, world);
    state = turn.state;
    draw();
    if (turn.effect !== undefined) effect(turn.effect);
    acted();
  };
  const node = () => <Browser state={state} world={world} style={style} onKey={(key) => act({ type: 'key', key })} />;
  stdout.write(alternate.enter);
  const ink = render(node(), { stdin, stdout, exitOnCtrlC: false, patchConsole: false });
  const draw = () => ink.rerender(node());
  const resized = () => {
    // lines that the terminal broke or cut are not where Ink believes them
    stdout.write('\u001B[2J\u001B[H');
    ink.clear();
    act({ type: 'size', size: sizeOf(stdout) });
  };
  stdout.prependListener('resize', resized);
  return {
    show(next) {
      world = next;
      state = settled(state, world);
      draw();
    },
    act,
    screen: () => top(state),
    size: () => state.size,
    close() {
      stdout.off('resize', resized);
      ink.unmount();
      stdout.write(alternate.leave);
    },
  };
}

function sizeOf(stdout: NodeJS.WriteStream) {
  return { columns: stdout.columns > 0 ? stdout.columns : 80, rows: stdout.rows > 0 ? stdout.rows : 24 };
}
