/** Names with inputs first, or the circle that makes an order impossible: `[a, b, a]`, each needing the next. */
export type Order =
  | Readonly<{ order: readonly string[]; cycle?: never }>
  | Readonly<{ cycle: readonly string[]; order?: never }>;

/** Everything that `roots` need, and they themselves. Depth first without recursion: chains may be 10,000 long. */
export function orderFrom(roots: readonly string[], inputsOf: (name: string) => readonly string[]): Order {
  const state = new Map<string, 'open' | 'done'>();
  const order: string[] = [];
  const path: { name: string; inputs: readonly string[]; next: number }[] = [];
  const enter = (name: string) => {
    state.set(name, 'open');
    path.push({ name, inputs: inputsOf(name), next: 0 });
  };
  for (const root of roots) {
    if (!state.has(root)) enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const input = top.inputs[top.next++];
      if (input === undefined) {
        state.set(top.name, 'done');
        order.push(top.name);
        path.pop();
      } else if (!state.has(input)) enter(input);
      else if (state.get(input) === 'open') {
        const names = path.map(({ name }) => name);
        return { cycle: [...names.slice(names.indexOf(input)), input] };
      }
    }
  }
  return { order };
}
