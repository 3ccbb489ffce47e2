/** The first signal asks for a clean stop, the second ends what runs; a third ends this process whatever it does. */
export type StopSignals = Readonly<{ stop: AbortSignal; kill: AbortSignal; close(): void }>;

export function onStopSignals(): StopSignals {
  const stop = new AbortController();
  const kill = new AbortController();
  const heard = () => {
    if (kill.signal.aborted) process.exit(130);
    if (stop.signal.aborted) kill.abort();
    else stop.abort();
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, heard);
  return {
    stop: stop.signal,
    kill: kill.signal,
    close() {
      for (const name of names) process.off(name, heard);
    },
  };
}
