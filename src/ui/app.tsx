import { Box, render, Static, Text } from 'ink';
import type { Style } from '../report/style.ts';
import { widthOf } from '../report/width.ts';
import type { Event } from '../run/event.ts';
import type { Board } from './board.ts';
import { endedLines } from './ended.ts';
import { liveLines } from './screen.ts';
import { type Stages, stagesAfter } from './stages.ts';
import { advance, emptyView, type RunningStage, type Sight, tick, type View } from './view.ts';

type ScreenProps = Readonly<{ view: View; live: readonly string[]; style: Style }>;

/** Failures scroll up and are never drawn again; the rest fits the window and is gone with the run. */
export function RunScreen({ view, live, style }: ScreenProps) {
  return (
    <>
      <Static items={[...view.failures]}>
        {(failed) => (
          <Box key={failed.stage}>
            <Text>{endedLines(failed, style).join('\n')}</Text>
          </Box>
        )}
      </Static>
      {live.length === 0 ? null : (
        // an empty line at the top would take no room
        <Text wrap="truncate">{live.map((line) => (line === '' ? ' ' : line)).join('\n')}</Text>
      )}
    </>
  );
}

export type Screen = Readonly<{ event(event: Event): void; close(): Promise<void> }>;

/** What a run's screen is drawn on and where it looks for what events do not say. */
export type Stage = Readonly<{
  stdout: NodeJS.WriteStream;
  style: Style;
  boards(): readonly Board[];
  look(stage: RunningStage): Sight;
}>;

/** Milliseconds between redraws at least; a drawing that took long is followed by a pause of so many times that. */
const redrawEvery = 200;
const pausePerDrawing = 80;
const clockEvery = 1000;

/** Draws a run on a terminal until closed; events before a redraw are folded into it. */
export function openScreen(experiment: string, { stdout, style, boards, look }: Stage): Screen {
  let view = emptyView(experiment, Date.now());
  let stages: Stages = new Map();
  let waiting: Event[] = [];
  let live: readonly string[] = [];
  let pending: NodeJS.Timeout | undefined;
  let pause = 0; // what is known when the screen opens is drawn at once
  const ink = render(<RunScreen view={view} live={live} style={style} />, {
    stdout: endless(stdout),
    exitOnCtrlC: false,
    patchConsole: false,
  });
  const draw = () => {
    pending = undefined;
    const start = performance.now();
    const events = waiting;
    waiting = [];
    view = events.reduce(advance, view);
    stages = stagesAfter(stages, events);
    const size = { columns: stdout.columns > 0 ? stdout.columns : 80, rows: stdout.rows > 0 ? stdout.rows : 24 };
    live = liveLines(view, size, style, { boards: boards(), stages });
    ink.rerender(<RunScreen view={view} live={live} style={style} />);
    pause = Math.min(clockEvery, Math.max(redrawEvery, (performance.now() - start) * pausePerDrawing));
  };
  const schedule = () => {
    pending ??= setTimeout(draw, pause);
  };
  const clock = setInterval(() => {
    view = tick(view, Date.now(), look);
    schedule();
  }, clockEvery);
  const resized = () => {
    eraseWrapped(stdout, live);
    clearTimeout(pending);
    // Ink redraws its last frame first, which may be wider or higher than the window is now
    pending = setTimeout(draw, 20);
  };
  stdout.prependListener('resize', resized);
  return {
    event(event) {
      waiting.push(event);
      schedule();
    },
    async close() {
      clearInterval(clock);
      clearTimeout(pending);
      stdout.off('resize', resized);
      draw();
      // React commits after this turn; unmounting before would leave the frame before the last one on the screen
      await new Promise((resolve) => setImmediate(resolve));
      ink.unmount();
      await ink.waitUntilExit();
    },
  };
}

/**
 * The stream as a window without a lower edge: where a frame is higher than the window, Ink clears the terminal and its
 * scrollback, and a window that was made smaller would cost its user all that stood there.
 */
function endless(stdout: NodeJS.WriteStream): NodeJS.WriteStream {
  return new Proxy(stdout, {
    get(target, name) {
      if (name === 'rows') return Number.MAX_SAFE_INTEGER;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** In a window made narrower a terminal breaks long lines: Ink clears as many lines as it wrote, these are the others. */
function eraseWrapped(stdout: NodeJS.WriteStream, live: readonly string[]): void {
  const columns = stdout.columns > 0 ? stdout.columns : 80;
  const more = live.reduce((sum, line) => sum + Math.max(0, Math.ceil(widthOf(line) / columns) - 1), 0);
  if (more > 0) stdout.write('\u001B[1A\u001B[2K'.repeat(more));
}
