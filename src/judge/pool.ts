/**
 * Runs `work` over items, `limit` at a time, started in their order; results in the order of the items. The first failure
 * stops the others and is thrown once they have ended; `signal` stops all.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<readonly R[]> {
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  const results = new Map<number, R>();
  let next = 0;
  let failure: Readonly<{ error: unknown }> | undefined;
  const lane = async (): Promise<void> => {
    while (next < items.length && !both.aborted) {
      const index = next++;
      try {
        results.set(index, await work(items[index] as T, both));
      } catch (error) {
        failure ??= { error };
        failed.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  signal.throwIfAborted();
  if (failure !== undefined) throw failure.error;
  return items.map((_, index) => results.get(index) as R);
}
