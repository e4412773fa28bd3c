import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    // A server that many tests share answers late at times.
    expect: { poll: { timeout: 8_000 } },
  },
})
