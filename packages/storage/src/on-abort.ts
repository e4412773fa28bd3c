/** Who is told, by the signal that each waits for. */
const waiting = new WeakMap<AbortSignal, Waiting>()

/**
 * Calls `tell` when `signal` aborts from now on, unless what is returned was called before. However many wait for one
 * signal, as all reads of a caller may, there is one listener: Node warns of more than ten, as of a leak.
 */
export function onAbort(signal: AbortSignal, tell: () => void): () => void {
  const others = waiting.get(signal) ?? new Waiting(signal)
  return others.add(tell)
}

class Waiting {
  readonly #signal: AbortSignal
  readonly #tells = new Set<{ readonly tell: () => void }>()

  constructor(signal: AbortSignal) {
    this.#signal = signal
    waiting.set(signal, this)
    signal.addEventListener('abort', this)
  }

  add(tell: () => void): () => void {
    const one = { tell }
    this.#tells.add(one)
    return () => {
      if (this.#tells.delete(one) && this.#tells.size === 0) this.#end()
    }
  }

  /** The event. */
  handleEvent(): void {
    const tells = [...this.#tells]
    this.#tells.clear()
    this.#end()
    for (const { tell } of tells) tell()
  }

  /** A signal is kept alive by its listeners. */
  #end(): void {
    waiting.delete(this.#signal)
    this.#signal.removeEventListener('abort', this)
  }
}
