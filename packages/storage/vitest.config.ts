import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'storage',
    include: ['test/**/*.test.ts'],
    // They end what hangs, and are no measure: a busy machine may take its time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Suites and fakes: they test, and are not what is tested.
      exclude: ['src/compliance/**', 'src/testing/**'],
      reporter: ['text-summary'],
      reportsDirectory: 'build/coverage',
      thresholds: { lines: 95 },
    },
  },
})
