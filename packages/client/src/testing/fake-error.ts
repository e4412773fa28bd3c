/** An error as the package below would give it, which tests of this package cannot import. */
export class FakeError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, Symbol.for('bae.error'), { value: true })
  }
}
