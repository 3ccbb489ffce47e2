import { createHash } from 'node:crypto';

/**
 * A stream of random numbers that belongs to one purpose. Its numbers depend on the seed and the purpose alone,
 * never on what other streams drew before: resuming, batching and parallel work cannot change a result.
 */
export interface Random {
  /** uniform in [0, 1), 53 random bits */
  next(): number;
  /** uniform integer in [0, n), without modulo bias; n from 1 to 2^32 */
  int(n: number): number;
  /** uniform in [low, high) */
  between(low: number, high: number): number;
  /** true with probability p */
  chance(p: number): boolean;
  /** standard normal */
  normal(): number;
  /** a new array in random order */
  shuffle<T>(items: readonly T[]): T[];
  /** one item, each equally likely */
  pick<T>(items: readonly T[]): T;
  /** `count` different items in random order */
  sample<T>(items: readonly T[], count: number): T[];
  /** one item with probability in proportion to its weight (>= 0, not all 0) */
  weighted<T>(items: readonly T[], weights: readonly number[]): T;
}

/**
 * The stream named by a seed and a purpose: `stream(7, 'pretrain', 'patch', step, image)`.
 * SHA-256 of the name gives the state of a xoshiro128** generator (Blackman and Vigna, 2018: period 2^128 - 1).
 */
export function stream(seed: number, ...purpose: readonly (string | number)[]): Random {
  if (!Number.isSafeInteger(seed)) throw new Error(`a seed must be an integer, got ${seed}`);
  return methods(xoshiro(stateOf(seed, purpose)));
}

function stateOf(seed: number, purpose: readonly (string | number)[]): Uint32Array {
  // JSON keeps ('a', 'b') and ('a,b'), and 1 and '1', apart
  const hash = createHash('sha256')
    .update(JSON.stringify([seed, ...purpose]))
    .digest();
  const state = new Uint32Array(4);
  for (let i = 0; i < 4; i++) state[i] = hash.readUInt32LE(4 * i);
  if (state.every((word) => word === 0)) state[0] = 1; // the one state that xoshiro never leaves
  return state;
}

/** Uniform 32-bit words. */
function xoshiro(state: Uint32Array): () => number {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  return () => {
    const scrambled = Math.imul(b, 5);
    const word = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return word;
  };
}

function methods(word: () => number): Random {
  const next = (): number => ((word() >>> 5) * 67108864 + (word() >>> 6)) / 9007199254740992;
  const int = (n: number): number => integer(word, n);
  const random: Random = {
    next,
    int,
    between: (low, high) => low + (high - low) * next(),
    chance: (p) => next() < p,
    normal: normals(next),
    shuffle: (items) => random.sample(items, items.length),
    pick: (items) => {
      if (items.length === 0) throw new Error('cannot pick from an empty list');
      return items[int(items.length)] as (typeof items)[number];
    },
    sample: (items, count) => {
      if (count > items.length) throw new Error(`cannot take ${count} different items from ${items.length}`);
      const pool = [...items];
      for (let i = 0; i < count; i++) {
        const j = i + int(pool.length - i);
        [pool[i], pool[j]] = [pool[j] as (typeof pool)[number], pool[i] as (typeof pool)[number]];
      }
      return pool.slice(0, count);
    },
    weighted: (items, weights) => items[indexByWeight(next(), weights, items.length)] as (typeof items)[number],
  };
  return random;
}

function integer(word: () => number, n: number): number {
  if (!Number.isInteger(n) || n < 1 || n > 4294967296) throw new Error(`int(n) needs 1 <= n <= 2^32, got ${n}`);
  // words past the last whole multiple of n are drawn again
  const limit = 4294967296 - (4294967296 % n);
  let drawn = word();
  while (drawn >= limit) drawn = word();
  return drawn % n;
}

/** Box-Muller; the second of each pair is kept for the next call. */
function normals(next: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

function indexByWeight(uniform: number, weights: readonly number[], count: number): number {
  if (weights.length !== count) throw new Error(`${count} items but ${weights.length} weights`);
  let total = 0;
  for (const weight of weights) {
    if (!(weight >= 0)) throw new Error(`a weight must be >= 0, got ${weight}`);
    total += weight;
  }
  if (!(total > 0)) throw new Error('the weights sum to 0');
  let rest = uniform * total;
  let last = 0;
  for (const [i, weight] of weights.entries()) {
    if (weight === 0) continue;
    last = i;
    if (rest < weight) return i;
    rest -= weight;
  }
  return last; // rounding left a remainder: the last item that can be drawn
}
