/** Per batch the images that it encodes, and those that stay for later batches. */
export type GazePlan = readonly Readonly<{ encode: readonly string[]; keep: ReadonlySet<string> }>[];

/** Of the images seen so far at most `capacity` stay, those first that are needed again soonest. */
export function planGaze(batches: readonly (readonly string[])[], capacity: number): GazePlan {
  const uses = new Map<string, number[]>(); // the batches that show an image, the next one last
  for (const [batch, names] of [...batches.entries()].reverse()) {
    for (const name of new Set(names)) uses.set(name, [...(uses.get(name) ?? []), batch]);
  }
  let held: ReadonlySet<string> = new Set();
  return batches.map((names) => {
    const needed = [...new Set(names)];
    const encode = needed.filter((name) => !held.has(name));
    for (const name of needed) uses.get(name)?.pop();
    const next = (name: string): number => uses.get(name)?.at(-1) ?? Number.POSITIVE_INFINITY;
    const again = [...new Set([...held, ...needed])].filter((name) => next(name) < Number.POSITIVE_INFINITY);
    held = new Set(again.length <= capacity ? again : again.sort((a, b) => next(a) - next(b)).slice(0, capacity));
    return { encode, keep: held };
  });
}
