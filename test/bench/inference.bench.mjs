// Decoding, vision features and loading of a checkpoint, with random weights, beside Python's transformers (eager, float32)
// where it is installed, with 2 threads. Aim: not slower.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTransformers } from '../interop/python.mjs';
import { bestOf, isSmoke, measure, short, timesOf } from './measure.mjs';

const THREADS = 2;

/** 109 million parameters, or a toy. */
const decoder = {
  ...{ family: 'llama', activation: 'silu', ropeTheta: 10_000, rmsEps: 1e-5, tied: false, maxPositions: 2048 },
  ...{ bos: 1, eos: [2], pad: 0, dtype: 'float32' },
  ...(isSmoke
    ? { vocab: 100, hidden: 32, layers: 2, heads: 2, kvHeads: 2, headDim: 16, intermediate: 64 }
    : { vocab: 16_000, hidden: 768, layers: 12, heads: 12, kvHeads: 12, headDim: 64, intermediate: 2048 }),
};

/** The same with a larger vocabulary: a checkpoint of 500 MB. */
const stored = isSmoke ? decoder : { ...decoder, vocab: 26_000 };

/** CLIP-L/14 at 224 pixels, or a toy. */
const vision = {
  ...{ family: 'clip', activation: 'quick_gelu', layerNormEps: 1e-5, channels: 3 },
  ...(isSmoke
    ? { hidden: 32, layers: 2, heads: 2, intermediate: 64, projection: 16, imageSize: 28, patchSize: 14 }
    : { hidden: 1024, layers: 24, heads: 16, intermediate: 4096, projection: 768, imageSize: 224, patchSize: 14 }),
};

/** @typedef {{ command?: string, missing?: string }} Python */

/** @param {Python} python @param {string} title @param {string} unit @param {Record<string, unknown>} task */
function compare({ command }, title, unit, task) {
  const { best, ratios, rates } = bestOf(
    {
      seagraph: () => measure(process.execPath, 'inference-sea.mjs', task, THREADS),
      ...(command === undefined
        ? {}
        : { transformers: () => measure(command, 'inference_transformers.py', task, THREADS) }),
    },
    'rate',
  );
  const { seagraph, transformers } = best;
  const ratio = transformers === undefined ? '' : `${(seagraph.rate / transformers.rate).toFixed(2)} x transformers: `;
  const shown = Object.entries(best).map(
    ([name, { rate, peak }]) => `${name} ${short(rate)} ${unit}, ${peak.toFixed(0)} MiB`,
  );
  process.stderr.write(`${title.padEnd(34)} ${ratio}${shown.join(' | ')}\n`);
  if (transformers?.ids !== undefined && String(seagraph.ids) !== String(transformers.ids))
    throw new Error(`other tokens: ${seagraph.ids} here, ${transformers.ids} there`);
  return {
    ratios: Object.fromEntries(Object.entries(ratios).map(([name, found]) => [`${title}: ${name}`, found])),
    times: timesOf(`${title}: `, rates, unit),
  };
}

/** @param {Record<string, unknown>} config @param {(folder: string) => void} use */
function withCheckpoint(config, use) {
  const folder = mkdtempSync(join(tmpdir(), 'seagraph-bench-'));
  try {
    measure(process.execPath, 'inference-sea.mjs', { what: 'write', folder, config }, THREADS);
    use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function bench() {
  const python = await findTransformers('no');
  if (python.command === undefined) process.stderr.write(`transformers is left out: ${python.missing}\n`);
  process.stderr.write(`${THREADS} threads, float32\n`);
  const [ratios, times] = [{}, {}];
  const add = (found) => {
    Object.assign(ratios, found.ratios);
    Object.assign(times, found.times);
  };
  withCheckpoint(decoder, (folder) => {
    const prompt = Array.from({ length: 64 }, (_, i) => 3 + ((i * 37) % (decoder.vocab - 3)));
    const task = { what: 'decode', folder, prompt, tokens: 128 };
    add(compare(python, 'decode 128 tokens, 109M parameters', 'tokens/s', task));
  });
  const seen = { what: 'features', vision, images: isSmoke ? 2 : 16 };
  add(compare(python, 'features of 16 images, CLIP-L/14', 'images/s', seen));
  withCheckpoint(stored, (folder) => {
    const bytes = statSync(join(folder, 'model.safetensors')).size;
    const task = { what: 'load', folder, bytes };
    add(compare(python, `load ${(bytes / 1e6).toFixed(0)} MB, first token`, 'MB/s', task));
  });
  return { ratios, times };
}
