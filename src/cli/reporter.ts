import type { Event } from '../run/event.ts';
import type { Screen } from '../ui/app.tsx';
import type { Boards } from './boards.ts';
import type { Output } from './output.ts';

/** Tells a run while it goes on. */
export type Reporter = Readonly<{ event(event: Event): Promise<void>; close(): Promise<void> }>;

type OpenBoards = () => Promise<Boards>;

/** JSON lines when asked for; a live view on a terminal; plain lines everywhere else. */
export async function openReporter(
  experiment: string,
  asJson: boolean,
  output: Output,
  openBoards: OpenBoards,
): Promise<Reporter> {
  if (asJson) return { event: async (event) => output.out(JSON.stringify(event)), close: async () => undefined };
  return output.live ? liveReporter(experiment, output, openBoards) : plainReporter(output);
}

async function plainReporter(output: Output): Promise<Reporter> {
  const { plainLines } = await import('../ui/plain.ts');
  const linesOf = plainLines(output.style);
  return {
    event: async (event) => {
      for (const line of linesOf(event)) output.out(line);
    },
    close: async () => output.out(''),
  };
}

/** The view is loaded once something is to run, and opened when the first stage starts: an unchanged run has nothing to watch. */
async function liveReporter(experiment: string, output: Output, openBoards: OpenBoards): Promise<Reporter> {
  let earlier: Event[] = [];
  let loading: ReturnType<typeof loadView> | undefined;
  let screen: Screen | undefined;
  let boards: Boards | undefined;
  return {
    async event(event) {
      boards?.note(event);
      if (event.type === 'planned' && event.run + event.depends > 0) {
        loading = loadView();
        loading.catch(() => undefined); // told when it is opened
      }
      if (screen === undefined) {
        earlier.push(event);
        if (event.type !== 'started' && event.type !== 'waiting' && event.type !== 'failed') return;
        const [{ openScreen }, { sightOf }] = await (loading ?? loadView());
        boards = await openBoards();
        for (const item of earlier) boards.note(item);
        output.passing('');
        screen = openScreen(experiment, {
          stdout: process.stdout,
          style: output.style,
          boards: boards.boards,
          look: sightOf,
        });
        for (const item of earlier) screen.event(item);
        earlier = [];
      } else screen.event(event);
    },
    close: async () => screen?.close(),
  };
}

function loadView() {
  return Promise.all([import('../ui/app.tsx'), import('./sight.ts')]);
}
