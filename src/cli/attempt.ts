import { jobPaths, logTail, readOutcome } from '../job/folder.ts';
import { duration, minuteOf, paint, type Style } from '../report/style.ts';
import type { Failure } from '../run/event.ts';
import type { Key, Store } from '../store/store.ts';
import { failureLines } from '../ui/ended.ts';

/** An attempt that left no entry because it failed. */
export type FailedAttempt = Readonly<{ key: Key; startedAt: string; seconds: number; failure: Failure }>;

/** The last attempt at a key, where it failed; what it left behind lies in the folder of its job. */
export function failedAttempt(store: Store, key: Key): FailedAttempt | undefined {
  const folder = store.jobFolder(key);
  const outcome = readOutcome(folder);
  if (outcome?.state !== 'failed') return undefined;
  const { startedAt, seconds, message = 'it gave no reason', problems = [] } = outcome;
  return { key, startedAt, seconds, failure: { message, problems, tail: logTail(folder), log: jobPaths.log(folder) } };
}

/** When it failed and after how long, then its message, the end of its log and where the log is. */
export function attemptLines({ startedAt, seconds, failure }: FailedAttempt, style: Style): readonly string[] {
  const ended = minuteOf(new Date(Date.parse(startedAt) + seconds * 1000).toISOString());
  const head = `${paint(style, 'bad', '✗')} its last attempt failed, ${ended} UTC, after ${duration(seconds)}`;
  return [head, ...failureLines(failure, style)];
}
