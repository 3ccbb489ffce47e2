/** Wakes whoever waits; a ring that nobody waited for is kept for the next. */
export type Bell = Readonly<{ ring(): void; rung(): Promise<void> }>;

export function createBell(): Bell {
  let waiting: (() => void)[] = [];
  let kept = false;
  return {
    ring() {
      if (waiting.length === 0) kept = true;
      for (const wake of waiting) wake();
      waiting = [];
    },
    async rung() {
      if (kept) {
        kept = false;
        return;
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
