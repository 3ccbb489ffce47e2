import { readFileSync } from 'node:fs';

/**
 * The vectors by which a CPU adds, for the engine's description, as last digits depend on them: `avx512`, `avx2`, `avx`, `sse41`,
 * else the architecture. oneDNN, which multiplies TensorFlow's matrices, takes the widest of the processor, up to
 * ONEDNN_MAX_CPU_ISA, and adds in another order for each; measured: a step of training with `AVX2` in it gives other bits than
 * with AVX-512, and AVX-512 with and without tile instructions (AMX) the same. Processors of one name may still differ.
 */
export function vectorInstructions(
  env: Readonly<Record<string, string | undefined>> = process.env,
  flags: ReadonlySet<string> = processorFlags(),
): string {
  if (env['TF_ENABLE_ONEDNN_OPTS'] === '0') return 'no-onednn';
  const limit = levels.findIndex(({ limits }) => limits.test(env['ONEDNN_MAX_CPU_ISA'] ?? ''));
  const found = levels.find(({ needs }, level) => level >= limit && needs.every((flag) => flags.has(flag)));
  return found?.name ?? process.arch;
}

/** From wide to narrow; `limits`: the values of ONEDNN_MAX_CPU_ISA that allow no more than this. */
const levels = [
  {
    name: 'avx512',
    needs: ['avx512f', 'avx512bw', 'avx512vl', 'avx512dq'],
    limits: /^$|^DEFAULT|^AVX512|^AVX10|^ALL/i,
  },
  { name: 'avx2', needs: ['avx2', 'fma'], limits: /^AVX2/i },
  { name: 'avx', needs: ['avx'], limits: /^AVX$/i },
  { name: 'sse41', needs: ['sse4_1'], limits: /^SSE41$/i },
] as const;

/** Empty where the system does not list them in a file (all but Linux). */
function processorFlags(): ReadonlySet<string> {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    return new Set(flags?.[1]?.trim().split(' '));
  } catch {
    return new Set();
  }
}
