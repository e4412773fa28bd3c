import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'e2e',
    include: ['test/**/*.test.ts', 'contracts/**/*.test.ts'],
    // Whole processes and their databases: slower than a unit, never slower than this.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Every test starts programs of its own, and some measure them: one at a time.
    fileParallelism: false,
  },
})
