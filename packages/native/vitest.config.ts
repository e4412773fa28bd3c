import { defineConfig } from 'vitest/config'

// They end what hangs, and are no measure: a busy machine may take its time.
const limits = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 30_000 } } }

export default defineConfig({
  test: {
    projects: [
      // Needs nothing but this package's TypeScript.
      { test: { ...limits, name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      // Needs the built addon and the compiled dist/.
      { test: { ...limits, name: 'native', include: ['test/native/**/*.test.ts'], pool: 'forks' } },
    ],
  },
})
