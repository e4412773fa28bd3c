/** What a suite needs of a test runner. vitest and node:test have it. */
export interface TestApi {
  describe(name: string, body: () => void): void
  it(name: string, body: () => Promise<void>): void
}

/** A clause that one implementation does not promise. Without a reason it does not compile. */
export interface Skip {
  readonly test: string
  readonly reason: string
}

/** Sentences of a contract, each with the code that could prove it wrong. */
export type Clauses<Subject> = Readonly<Record<string, (subject: Subject) => Promise<void>>>

/** Hands each clause to the runner, but those in `skip`. A skip that names no clause is a RangeError: it would hide nothing. */
export function runClauses<Subject>(
  api: TestApi,
  clauses: Clauses<Subject>,
  subject: Subject,
  skip: readonly Skip[] = [],
): void {
  for (const { test } of skip) {
    if (!Object.hasOwn(clauses, test)) throw new RangeError(`no clause is called "${test}"`)
  }
  for (const [test, body] of Object.entries(clauses)) {
    if (!skip.some((one) => one.test === test)) api.it(test, () => body(subject))
  }
}
