/** The two functions of a test runner that a suite needs: vitest, node:test and mocha all have them. */
export interface TestApi {
  describe(name: string, body: () => void): void
  it(name: string, body: () => Promise<void>): void
}
