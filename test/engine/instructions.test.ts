import { expect, test } from 'vitest';
import { vectorInstructions } from '../../src/engine/instructions.ts';

const wide = new Set(['sse4_1', 'avx', 'avx2', 'fma', 'avx512f', 'avx512bw', 'avx512vl', 'avx512dq', 'amx_tile']);
const narrow = new Set(['sse4_1', 'avx', 'avx2', 'fma']);

test.each([
  [{}, wide, 'avx512'],
  [{}, narrow, 'avx2'],
  [{}, new Set(['sse4_1']), 'sse41'],
  [{}, new Set<string>(), process.arch],
  [{ ONEDNN_MAX_CPU_ISA: 'DEFAULT' }, wide, 'avx512'],
  [{ ONEDNN_MAX_CPU_ISA: 'AVX512_CORE' }, wide, 'avx512'],
  [{ ONEDNN_MAX_CPU_ISA: 'AVX2' }, wide, 'avx2'],
  [{ ONEDNN_MAX_CPU_ISA: 'avx2_vnni' }, wide, 'avx2'],
  [{ ONEDNN_MAX_CPU_ISA: 'AVX' }, wide, 'avx'],
  [{ ONEDNN_MAX_CPU_ISA: 'SSE41' }, wide, 'sse41'],
  [{ ONEDNN_MAX_CPU_ISA: 'AVX512_CORE' }, narrow, 'avx2'],
  [{ TF_ENABLE_ONEDNN_OPTS: '0' }, wide, 'no-onednn'],
])('with %o on a processor of %o sums are rounded as by %s', (env, flags, expected) => {
  expect(vectorInstructions(env, flags)).toBe(expected);
});
