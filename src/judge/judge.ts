import type { Judge } from '../benchmarks/benchmark.ts';
import { openClient } from './client.ts';
import { openReplies } from './replies.ts';
import { completeSettings, type StatedJudge } from './settings.ts';

export type JudgeOptions = Readonly<{
  /** folder of the kept replies */
  replies: string;
  /** where the key is found */
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  log(line: string): void;
  progress?(done: number, of: number): void;
  /** see ClientOptions */
  firstWait?: number;
}>;

/** A judge that asks its server only for what no kept reply answers. */
export function openJudge(stated: StatedJudge, options: JudgeOptions): Judge {
  const settings = completeSettings(stated);
  const { url: server, model, runs, concurrency } = settings;
  const replies = openReplies(options.replies);
  const ask = openClient(settings, options);
  return {
    model,
    server,
    runs,
    concurrency,
    signal: options.signal,
    ...(options.progress === undefined ? {} : { progress: options.progress }),
    async ask({ run, ...request }, signal) {
      // the same request of another run is another draw
      const name = JSON.stringify({ server, model, run, ...request });
      const known = await replies.get(name);
      if (known !== undefined) return known;
      const reply = await ask(request, signal);
      await replies.keep(name, reply);
      return reply;
    },
  };
}
