import { Box, render, Static, Text, useStdout } from 'ink';
import { useSyncExternalStore } from 'react';
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
  let drawn = view;
  let pending: NodeJS.Timeout | undefined;
  const listeners = new Set<() => void>();
  const draw = () => {
    pending = undefined;
    drawn = view;
    for (const listener of listeners) listener();
  };
  const schedule = () => {
    pending ??= setTimeout(draw, redrawEvery);
  };
  const clock = setInterval(() => {
    view = tick(view, Date.now());
    schedule();
  }, clockEvery);
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  function Live() {
    return <RunScreen view={useSyncExternalStore(subscribe, () => drawn)} style={style} />;
  }
  stdout.on('resize', schedule);
  const ink = render(<Live />, { stdout, exitOnCtrlC: false, patchConsole: false, maxFps: 10 });
  return {
    event(event) {
      view = advance(view, event);
      schedule();
    },
    async close() {
      clearInterval(clock);
      if (pending !== undefined) clearTimeout(pending);
      stdout.off('resize', schedule);
      draw();
      ink.unmount();
      await ink.waitUntilExit();
    },
  };
}
