/**
 * The size of a padded batch: tokens of its longest sequence, how many positions predict something, and the most of one
 * sequence.
 */
export type BatchShape = Readonly<{ length: number; targets: number; most: number }>;

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
  const found = shapes.find(
    ({ length, targets, most }) => length >= batch.length && targets >= batch.targets && most >= batch.most,
  );
  if (found === undefined) {
    const size = ({ length, targets, most }: BatchShape) => `${length} tokens and ${targets} targets (${most} of one)`;
    throw new Error(`no shape holds ${size(batch)}: ${shapes.map(size).join(', ')}`);
  }
  return found;
}

type Size = BatchShape & Readonly<{ count: number }>;
type Choice = Readonly<{ cost: number; shapes: readonly BatchShape[] }>;

/** Batches by rounded length, shortest first, with the most targets of each. */
function sizesOf(batches: readonly BatchShape[]): readonly Size[] {
  const up = (n: number): number => Math.ceil(Math.max(1, n) / STEP) * STEP;
  const sizes = new Map<number, Size>();
  for (const batch of batches) {
    const length = up(batch.length);
    const known = sizes.get(length) ?? { targets: 0, most: 0, count: 0 };
    const targets = Math.max(known.targets, up(batch.targets));
    sizes.set(length, { length, targets, most: Math.max(known.most, up(batch.most)), count: known.count + 1 });
  }
  return [...sizes.values()].sort((a, b) => a.length - b.length);
}

/** Sizes up to and including `last`, one more shape than `before` has, the last shape ending at `last`. */
function cheapest(sizes: readonly Size[], before: readonly (Choice | undefined)[], last: number): Choice | undefined {
  let best: Choice | undefined;
  let [count, targets, most] = [0, 0, 0];
  const { length } = sizes[last] as Size;
  for (let first = last; first >= 0; first--) {
    const size = sizes[first] as Size;
    count += size.count;
    targets = Math.max(targets, size.targets);
    most = Math.max(most, size.most);
    const rest = before[first];
    if (rest === undefined) continue;
    const cost = rest.cost + (count + COMPILATION) * length;
    if (best !== undefined && cost >= best.cost) continue;
    // targets may not fall with the length, or a batch would have to skip a shape
    const below = rest.shapes.at(-1) ?? { targets: 0, most: 0 };
    const shape = { length, targets: Math.max(targets, below.targets), most: Math.max(most, below.most) };
    best = { cost, shapes: [...rest.shapes, shape] };
  }
  return best;
}
