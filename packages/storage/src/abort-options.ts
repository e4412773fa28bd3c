/** Options of every call that may wait: aborting rejects with `signal.reason`, unwrapped. */
export interface AbortOptions {
  readonly signal?: AbortSignal
}
