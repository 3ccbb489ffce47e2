import { formatTerminal } from '../report/terminal.ts';
import { linearLines } from '../ui/browse/linear.ts';
import type { Context } from './context.ts';
import { detailOf } from './detail.ts';
import { openExperiment } from './experiment.ts';
import { experimentsNear } from './near.ts';
import { observe } from './observe.ts';
import { openSession } from './session.ts';

/** What the browser shows, as lines to read from top to bottom: the experiments near, or one experiment. */
export async function printAll(file: string | undefined, { output, cache }: Context): Promise<number> {
  const found = experimentsNear(process.cwd());
  const only = file ?? (found.length === 1 ? found[0]?.file : undefined);
  if (only === undefined) {
    const lines = found.map(({ file: path, name, description }) =>
      [path, name, description ?? ''].join('  ').trimEnd(),
    );
    output.out(lines.length === 0 ? 'no experiment file lies here or in experiments/: sea init' : lines.join('\n'));
    return 0;
  }
  const experiment = await openExperiment(only, cache);
  const { plan, store } = await openSession(experiment, cache);
  try {
    const open = observe(experiment, plan, store);
    const tables = open.boards.map(({ table }) => formatTerminal(table, output));
    const look = { style: output.style, width: Number.POSITIVE_INFINITY };
    const logOf = (stage: string) => detailOf(open, stage, store, look)?.lines.log ?? [];
    output.out([...linearLines(open, only, logOf, output.style, tables)].join('\n'));
    return 0;
  } finally {
    store.close();
  }
}
