import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    exclude: [...configDefaults.exclude, 'test/slow/**', 'test/bench/**'],
    testTimeout: 30_000,
    hookTimeout: 30_000, // opening TensorFlow on a busy machine
    // TensorFlow in every worker would cost 360 MB each; two forks fill two cores.
    pool: 'forks',
    maxWorkers: 2,
  },
});
