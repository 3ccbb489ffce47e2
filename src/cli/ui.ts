import { createBrowsing, reading } from './browsing.ts';
import type { Context } from './context.ts';
import { experimentsNear } from './near.ts';

/** `sea ui`: browse experiments, their tables, stages and history; start and stop runs. Elsewhere than on a terminal, as text. */
export async function browse(file: string | undefined, context: Context): Promise<number> {
  const { output, cache } = context;
  const { stdin, stdout } = process;
  if (!output.live || stdin.isTTY !== true) return (await import('./ui-text.ts')).printAll(file, context);
  // the view loads while the experiment is read and planned
  const loading = import('../ui/browse/browser.tsx');
  const experiments = experimentsNear(process.cwd());
  const only = experiments.length === 1 ? experiments[0]?.file : undefined;
  const browsing = createBrowsing({ cache, experiments, style: output.style, depth: output.depth });
  const wanted = file ?? only;
  const { openBrowser } = await loading;
  return new Promise((resolve, reject) => {
    const leave = () => {
      handle.close();
      browsing.close();
      for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.off(name, leave);
      resolve(0);
    };
    const failed = (error: unknown) => {
      leave();
      reject(error);
    };
    const handle = openBrowser(
      { stdin, stdout, style: output.style },
      browsing.world(),
      wanted === undefined ? '' : reading(wanted),
      (effect) => {
        if (effect.type === 'quit') leave();
        else browsing.carryOut(effect, handle).catch(failed);
      },
      () => void browsing.fill(handle).catch(failed),
    );
    const first = wanted === undefined ? Promise.resolve() : browsing.carryOut({ type: 'open', file: wanted }, handle);
    for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.on(name, leave);
    first.then(() => browsing.follow(handle, failed), failed);
  });
}
