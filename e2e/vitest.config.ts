import { defineConfig } from 'vitest/config'

// Whole processes and their databases: slower than a unit, never slower than this.
const limits = { testTimeout: 60_000, hookTimeout: 60_000 }

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
