import { Box, render, Static, Text, useStdout } from 'ink';
import type { Style } from '../report/style.ts';
import type { Event } from '../run/event.ts';
import { endedLines } from './ended.ts';
import { liveLines } from './screen.ts';
import { advance, emptyView, tick, type View } from './view.ts';

/** What is over scrolls up and is never drawn again; the rest fits the window. */
export function RunScreen({ view, style }: Readonly<{ view: View; style: Style }>) {
  const { stdout } = useStdout();
  const size = { columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 };
  return (
    <>
      <Static items={view.ended.map((ended, at) => ({ ended, at }))}>
        {({ ended, at }) => (
          <Box key={at} flexDirection="column">
            {keyed(endedLines(ended, style)).map(({ key, line }) => (
              <Text key={key}>{line}</Text>
            ))}
          </Box>
        )}
      </Static>
      <Box flexDirection="column">
        {keyed(liveLines(view, size, style)).map(({ key, line }) => (
          <Text key={key} wrap="truncate">
            {line === '' ? ' ' : line}
          </Text>
        ))}
      </Box>
    </>
  );
}

/** Lines have no identity but their place. */
function keyed(lines: readonly string[]): readonly Readonly<{ key: string; line: string }>[] {
  return lines.map((line, at) => ({ key: String(at), line }));
}

export type Screen = Readonly<{ event(event: Event): void; close(): Promise<void> }>;

/** Milliseconds between redraws: events may come by the hundred. */
const redrawEvery = 100;
const clockEvery = 1000;

/** Draws a run on a terminal until closed; events before a redraw are folded into it. */
export function openScreen(experiment: string, stdout: NodeJS.WriteStream, style: Style): Screen {
  let view = emptyView(experiment, Date.now());
  let pending: NodeJS.Timeout | undefined;
  const ink = render(<RunScreen view={view} style={style} />, { stdout, exitOnCtrlC: false, patchConsole: false });
  const draw = () => {
    pending = undefined;
    ink.rerender(<RunScreen view={view} style={style} />);
  };
  const schedule = () => {
    pending ??= setTimeout(draw, redrawEvery);
  };
  const clock = setInterval(() => {
    view = tick(view, Date.now());
    schedule();
  }, clockEvery);
  stdout.on('resize', schedule);
  return {
    event(event) {
      view = advance(view, event);
      schedule();
    },
    async close() {
      clearInterval(clock);
      clearTimeout(pending);
      stdout.off('resize', schedule);
      draw();
      // React commits after this turn; unmounting before would leave the frame before the last one on the screen
      await new Promise((resolve) => setImmediate(resolve));
      ink.unmount();
      await ink.waitUntilExit();
    },
  };
}
