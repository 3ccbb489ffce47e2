import { defineConfig } from 'vitest/config';

/** `npm run test:slow`: kills, long runs; one after another, because they measure time. */
export default defineConfig({
  test: {
    include: ['test/slow/**/*.test.{ts,tsx}'],
    passWithNoTests: false,
    testTimeout: 1_800_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
