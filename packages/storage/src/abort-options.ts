/** Options of every call that may wait: aborting rejects with `signal.reason`, unwrapped. */
export interface AbortOptions {
  readonly signal?: AbortSignal
}

export interface ReadOptions extends AbortOptions {
  /**
   * Memory for the answer, of exactly as many bytes as are asked for. It is lent until the call has settled, however
   * that ends: then it may have been written to, and nothing writes to it any more. Who reads into it answers with this
   * very array. Whoever has no use for it takes no notice, and answers with memory of its own.
   */
  readonly into?: Uint8Array
}
