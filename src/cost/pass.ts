/**
 * A part of a model in one pass. Operations are those of its matrix products, a multiplication and an addition counted
 * as two; what norms, activations and rotations cost beside them is left out.
 */
export type Pass = Readonly<{
  forward: number;
  /** of the gradient with respect to what the part reads */
  toInput: number;
  /** of the gradient with respect to its weights */
  toWeights: number;
  /** numbers that the backward pass needs: what products and nonlinearities gave */
  kept: number;
  /** attention weights among them, which fused attention does not keep */
  scores: number;
}>;

/** rows x input by a matrix input x output, whose result is kept. */
export function product(rows: number, input: number, output: number): Pass {
  const operations = 2 * rows * input * output;
  return { forward: operations, toInput: operations, toWeights: operations, kept: rows * output, scores: 0 };
}

/** Queries against keys, and the values by that: two products forward, four backward; `pairs` of a query and a key a row. */
export function attention(rows: number, heads: number, queries: number, pairs: number, dim: number): Pass {
  const scores = rows * heads * pairs;
  return {
    forward: 4 * scores * dim,
    toInput: 8 * scores * dim,
    toWeights: 0,
    kept: rows * heads * queries * dim,
    scores,
  };
}

export function together(...passes: readonly Pass[]): Pass {
  const sum = (key: keyof Pass): number => passes.reduce((total, pass) => total + pass[key], 0);
  return {
    forward: sum('forward'),
    toInput: sum('toInput'),
    toWeights: sum('toWeights'),
    kept: sum('kept'),
    scores: sum('scores'),
  };
}

export function times(pass: Pass, count: number): Pass {
  return together({
    forward: pass.forward * count,
    toInput: pass.toInput * count,
    toWeights: pass.toWeights * count,
    kept: pass.kept * count,
    scores: pass.scores * count,
  });
}

/** What a gradient is wanted of: of the part's weights, and of what it reads (something below it trains). */
export type Wanted = Readonly<{ weights: boolean; input: boolean }>;

/** Operations of one training pass: forward, and backward as far as a gradient is wanted. */
export function operations({ forward, toInput, toWeights }: Pass, { weights, input }: Wanted): number {
  return forward + (input ? toInput : 0) + (weights ? toWeights : 0);
}

export const FROZEN: Wanted = { weights: false, input: false };
