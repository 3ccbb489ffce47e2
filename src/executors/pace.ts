import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type WorkerOptions, workerEnvironment } from './worker.ts';

/** Stages with an engine at work at the same time, and the threads of each. */
export type Arrangement = Readonly<{ stages: number; threads: number }>;

/** What both arrangements reached, in training steps a second of all their stages together. */
export type Pace = Readonly<{
  engine: string;
  together: Arrangement & Readonly<{ rate: number }>;
  alone: Arrangement & Readonly<{ rate: number }>;
}>;

export type PaceRequest = Readonly<{ milliseconds: number }>;
/** Without a rate: ready. */
export type PaceAnswer = Readonly<{ engine: string; rate?: number }>;

/** How long the processes work at a time, and how often each arrangement has its turn. */
const MILLISECONDS = 700;
const ROUNDS = 3;
/** A machine that takes longer than this for everything is not fit to be measured now, milliseconds. */
const PATIENCE = 60_000;

/**
 * Measures how stages share this machine: a small captured training step, in as many processes as stages may be at work
 * with a part of the threads each (`together`), and in one that has all of them (`alone`). All start first; then the
 * arrangements take turns while the others wait, and the best turn of each counts, since other work only slows one down. A
 * few seconds. Undefined where a process fails, as where a GPU has no room for several, or where it takes too long.
 */
export async function measurePace(
  script: string,
  arrangements: Readonly<{ together: Arrangement; alone: Arrangement }>,
  sideBySide: number,
  patience = PATIENCE,
): Promise<Pace | undefined> {
  const limit = AbortSignal.timeout(patience);
  const groups = [arrangements.together, arrangements.alone].map((arrangement) =>
    Array.from({ length: arrangement.stages }, () => start(script, { threads: arrangement.threads, sideBySide })),
  );
  try {
    const ready = await Promise.all(groups.flat().map((child) => answerOf(child, limit)));
    const best = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, group] of groups.entries()) {
        const answers = await Promise.all(group.map((child) => ask(child, { milliseconds: MILLISECONDS }, limit)));
        const rate = answers.reduce((sum, own) => sum + (own.rate ?? 0), 0);
        best[i] = Math.max(best[i] ?? 0, rate);
      }
    }
    const [together = 0, alone = 0] = best;
    return {
      engine: ready[0]?.engine ?? '',
      together: { ...arrangements.together, rate: together },
      alone: { ...arrangements.alone, rate: alone },
    };
  } catch {
    return undefined;
  } finally {
    for (const child of groups.flat()) child.kill('SIGKILL');
  }
}

function start(script: string, options: Pick<WorkerOptions, 'threads' | 'sideBySide'>): ChildProcess {
  return fork(script, [], {
    env: workerEnvironment(options),
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

async function ask(child: ChildProcess, request: PaceRequest, limit: AbortSignal): Promise<PaceAnswer> {
  child.send(request);
  return answerOf(child, limit);
}

/** The next message; throws when the process ends or time is up. */
async function answerOf(child: ChildProcess, limit: AbortSignal): Promise<PaceAnswer> {
  const over = new AbortController();
  const signal = AbortSignal.any([limit, over.signal]);
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('a process that measures ended');
  });
  try {
    const [answer] = await Promise.race([once(child, 'message', { signal }), ended]);
    return answer as PaceAnswer;
  } finally {
    over.abort();
    ended.catch(() => undefined);
  }
}

/** Noise: side by side is left only for what is clearly faster. */
const CLEARLY = 1.05;

/** One stage with all threads, where that was measured to be faster than several with a part of them each. */
export function isFasterAlone({ together, alone }: Pace): boolean {
  return alone.rate > CLEARLY * together.rate;
}
