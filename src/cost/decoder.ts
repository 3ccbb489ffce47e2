import type { DecoderConfig } from '../data/config.ts';
import { causalPairs } from '../nn/causal-blocks.ts';
import { attention, type Pass, product, times, together } from './pass.ts';

/** Tokens of a sequence; `keys` that each of them sees (default: those before it), and how many of them are read in the end. */
type Text = Readonly<{ tokens: number; keys?: number; read?: number }>;

/** All layers over `rows` sequences; the last one makes only what is read. */
export function decoderPass(config: DecoderConfig, rows: number, { read, ...text }: Text): Pass {
  const last = read === undefined ? text : { ...text, read };
  return together(times(decoderLayer(config, rows, text), config.layers - 1), decoderLayer(config, rows, last));
}

export function decoderLayer(config: DecoderConfig, rows: number, { tokens, keys, read }: Text): Pass {
  const { hidden, heads, kvHeads, headDim, intermediate } = config;
  const queries = read ?? tokens;
  const all = keys ?? tokens;
  const pairs = keys === undefined && read === undefined ? causalPairs(tokens) : queries * all;
  return together(
    product(rows * queries, hidden, heads * headDim),
    times(product(rows * tokens, hidden, kvHeads * headDim), 2),
    attention(rows, heads, queries, pairs, headDim),
    product(rows * queries, heads * headDim, hidden),
    times(product(rows * queries, hidden, intermediate), 2),
    product(rows * queries, intermediate, hidden),
  );
}

/** Logits at `positions` places: training takes only those that predict something. */
export function headPass({ hidden, vocab }: DecoderConfig, positions: number): Pass {
  return product(positions, hidden, vocab);
}

/** Numbers in a decoder; a tied head is the embedding. */
export function decoderParameters(config: DecoderConfig): number {
  const { hidden, vocab, layers, heads, kvHeads, headDim, intermediate, tied } = config;
  const attended = 2 * hidden * heads * headDim + 2 * hidden * kvHeads * headDim;
  return layers * (attended + 3 * hidden * intermediate + 2 * hidden) + hidden + (tied ? 1 : 2) * vocab * hidden;
}
