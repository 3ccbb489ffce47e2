/** The size of a padded batch: tokens of its longest sequence, and how many positions predict something. */
export type BatchShape = Readonly<{ length: number; targets: number }>;

/** Sizes are rounded up to this, which costs little and makes equal ones more likely. */
const STEP = 8;

/** What compiling a training step costs, in steps: a shape must save more than this to be worth one. */
const COMPILATION = 6;

/**
 * The few shapes to which all batches of a training are padded, shortest first: each is compiled once. Chosen such that
 * padding and compilations together cost least, time taken as proportional to the padded length; `most` limits memory.
 */
export function chooseShapes(batches: readonly BatchShape[], most = 4): readonly BatchShape[] {
  const sizes = sizesOf(batches);
  // best[k][j]: the cheapest way to serve the j shortest sizes with k shapes
  const none: Choice = { cost: 0, shapes: [] };
  let best: readonly (Choice | undefined)[] = [none, ...sizes.map(() => undefined)];
  let answer: Choice | undefined;
  for (let k = 0; k < Math.min(most, sizes.length); k++) {
    best = [undefined, ...sizes.map((_, j) => cheapest(sizes, best, j))];
    const whole = best[sizes.length];
    if (whole !== undefined && (answer === undefined || whole.cost < answer.cost)) answer = whole;
  }
  return answer?.shapes ?? [];
}

/** The shortest of the shapes that holds a batch. */
export function shapeFor(shapes: readonly BatchShape[], batch: BatchShape): BatchShape {
  const found = shapes.find(({ length, targets }) => length >= batch.length && targets >= batch.targets);
  if (found === undefined) {
    const known = shapes.map(({ length, targets }) => `${length}/${targets}`).join(', ');
    throw new Error(`no shape holds ${batch.length} tokens and ${batch.targets} targets: ${known}`);
  }
  return found;
}

type Size = Readonly<{ length: number; targets: number; count: number }>;
type Choice = Readonly<{ cost: number; shapes: readonly BatchShape[] }>;

/** Batches by rounded length, shortest first, with the most targets of each. */
function sizesOf(batches: readonly BatchShape[]): readonly Size[] {
  const up = (n: number): number => Math.ceil(Math.max(1, n) / STEP) * STEP;
  const sizes = new Map<number, Size>();
  for (const batch of batches) {
    const length = up(batch.length);
    const { targets, count } = sizes.get(length) ?? { targets: 0, count: 0 };
    sizes.set(length, { length, targets: Math.max(targets, up(batch.targets)), count: count + 1 });
  }
  return [...sizes.values()].sort((a, b) => a.length - b.length);
}

/** Sizes up to and including `last`, one more shape than `before` has, the last shape ending at `last`. */
function cheapest(sizes: readonly Size[], before: readonly (Choice | undefined)[], last: number): Choice | undefined {
  let best: Choice | undefined;
  let [count, targets] = [0, 0];
  const { length } = sizes[last] as Size;
  for (let first = last; first >= 0; first--) {
    const size = sizes[first] as Size;
    count += size.count;
    targets = Math.max(targets, size.targets);
    const rest = before[first];
    if (rest === undefined) continue;
    const cost = rest.cost + (count + COMPILATION) * length;
    // targets may not fall with the length, or a batch would have to skip a shape
    const most = Math.max(targets, rest.shapes.at(-1)?.targets ?? 0);
    if (best === undefined || cost < best.cost) best = { cost, shapes: [...rest.shapes, { length, targets: most }] };
  }
  return best;
}
