import { defineConfig } from 'vitest/config'

// They end what hangs, and are no measure: a busy machine may take its time, and these are whole processes and their databases.
const limits = { testTimeout: 240_000, hookTimeout: 120_000, expect: { poll: { timeout: 60_000 } } }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...limits,
          name: 'e2e',
          include: ['test/**/*.test.ts', 'contracts/**/*.test.ts'],
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Alone, because the machine must be theirs while they measure.
        test: {
          ...limits,
          name: 'measured',
          include: ['measured/**/*.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 0 },
        },
      },
    ],
  },
})
