import { ProblemError } from '../problem.ts';
import { createBrowsing } from './browsing.ts';
import type { Context } from './context.ts';
import { experimentsNear } from './near.ts';
import { loadInk } from './reporter.ts';

/** `sea ui`: browse experiments, their tables, stages and history; start and stop runs. */
export async function browse(file: string | undefined, { output, cache }: Context): Promise<number> {
  const { stdin, stdout } = process;
  if (!output.live || stdin.isTTY !== true) {
    throw new ProblemError({
      code: 'no-terminal',
      message: 'sea ui needs a terminal',
      hint: 'elsewhere: sea table FILE, sea plan FILE, sea show STAGE FILE, sea why STAGE FILE',
    });
  }
  // the view loads while the experiment is read and planned
  const loading = loadInk(() => import('../ui/browse/browser.tsx'));
  const experiments = experimentsNear(process.cwd());
  const only = experiments.length === 1 ? experiments[0]?.file : undefined;
  const browsing = createBrowsing({ cache, experiments, style: output.style });
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
    const handle = openBrowser({ stdin, stdout, style: output.style }, browsing.world(), (effect) => {
      if (effect.type === 'quit') leave();
      else browsing.carryOut(effect, handle).catch(failed);
    });
    const first = wanted === undefined ? Promise.resolve() : browsing.carryOut({ type: 'open', file: wanted }, handle);
    for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.on(name, leave);
    first.then(() => browsing.follow(handle, failed), failed);
  });
}
