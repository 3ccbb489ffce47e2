import type { DecoderConfig } from '../data/config.ts';
import { attention, type Pass, product, times, together } from './pass.ts';

/** All layers over `rows` sequences of `queries` tokens, each of which sees `keys` (default: the sequence). */
export function decoderPass(config: DecoderConfig, rows: number, queries: number, keys = queries): Pass {
  return times(decoderLayer(config, rows, queries, keys), config.layers);
}

export function decoderLayer(config: DecoderConfig, rows: number, queries: number, keys = queries): Pass {
  const { hidden, heads, kvHeads, headDim, intermediate } = config;
  const tokens = rows * queries;
  return together(
    product(tokens, hidden, heads * headDim),
    times(product(tokens, hidden, kvHeads * headDim), 2),
    attention(rows, heads, queries, keys, headDim),
    product(tokens, heads * headDim, hidden),
    times(product(tokens, hidden, intermediate), 2),
    product(tokens, intermediate, hidden),
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
