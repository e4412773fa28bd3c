import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      // Needs nothing but this package's TypeScript.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      // Needs the built addon and the compiled dist/.
      { test: { name: 'native', include: ['test/native/**/*.test.ts'], testTimeout: 30_000, pool: 'forks' } },
    ],
  },
})
