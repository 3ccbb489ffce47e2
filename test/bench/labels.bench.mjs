// Label extraction at the paper's sizes (d = 768, 41,242 words, 576 patches an image, top 10) on random features, beside a
// straightforward PyTorch implementation where one is installed, with 1 and 2 threads. Bound: at least as fast, 1.5 GiB.
import { findTransformers } from '../interop/python.mjs';
import { bestOf, isSmoke, measure, short, timesOf } from './measure.mjs';

const sizes = isSmoke
  ? { images: 2, patches: 16, dim: 32, words: 500, top: 10 }
  : { images: 6, patches: 576, dim: 768, words: 41_242, top: 10 };

export async function bench() {
  const python = await findTransformers('no');
  if (python.command === undefined) process.stderr.write(`PyTorch is left out: ${python.missing}\n`);
  const { patches, dim, words } = sizes;
  process.stderr.write(`${patches} patches an image, d = ${dim}, ${words} words\n`);
  const [ratios, times] = [{}, {}];
  for (const threads of [1, 2]) {
    const {
      best,
      ratios: own,
      rates,
    } = bestOf(
      {
        seagraph: () => measure(process.execPath, 'labels-sea.mjs', sizes, threads),
        ...(python.command === undefined
          ? {}
          : { torch: () => measure(python.command, 'labels_torch.py', sizes, threads) }),
      },
      'rate',
    );
    for (const [name, found] of Object.entries(own)) ratios[`${threads} threads: ${name}`] = found;
    Object.assign(times, timesOf(`${threads} threads: `, rates, 'patches/s'));
    const ratio = best.torch === undefined ? '' : `${(best.seagraph.rate / best.torch.rate).toFixed(2)} x PyTorch: `;
    const shown = Object.entries(best).map(([name, { rate, peak }]) => {
      const gigaflops = (2 * rate * dim * words) / 1e9;
      return `${name} ${short(rate)} patches/s, ${short(gigaflops)} GFLOP/s, ${peak.toFixed(0)} MiB`;
    });
    process.stderr.write(`${threads} ${threads === 1 ? 'thread ' : 'threads'}  ${ratio}${shown.join(' | ')}\n`);
  }
  return { ratios, times };
}
