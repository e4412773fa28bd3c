import type { StagingChunkStore } from '../chunk-store.js'
import { InterceptedChunkStore, type StoreOperation } from './intercepted-chunk-store.js'

interface Held {
  readonly operation: StoreOperation
  readonly release: () => void
}

/**
 * A chunk store whose calls can be held back, so that a test decides what happens while one is under way.
 * Calls that are not held take a turn of the event loop.
 */
export class SlowChunkStore extends InterceptedChunkStore {
  readonly #gate: Gate

  constructor(inner: StagingChunkStore) {
    const gate = new Gate()
    super(inner, { before: (operation) => gate.pass(operation), onRead: (_, bytes) => bytes })
    this.#gate = gate
  }

  /** From now on calls of `operation` wait until they are released. */
  hold(operation: StoreOperation): void {
    this.#gate.holding.add(operation)
  }

  /** Settles when `count` calls of `operation` are held. */
  async whenHeld(operation: StoreOperation, count = 1): Promise<void> {
    await this.#gate.whenHeld(operation, count)
  }

  /** Lets the held calls of `operation` go, and later ones pass. */
  release(operation: StoreOperation): void {
    this.#gate.release(operation)
  }
}

class Gate {
  readonly holding = new Set<StoreOperation>()
  #held: Held[] = []
  #waiting: (() => void)[] = []

  async pass(operation: StoreOperation): Promise<void> {
    if (!this.holding.has(operation)) return await new Promise((resolve) => setImmediate(resolve))
    await new Promise<void>((release) => {
      this.#held.push({ operation, release })
      for (const look of this.#waiting) look()
    })
  }

  async whenHeld(operation: StoreOperation, count: number): Promise<void> {
    const areHeld = (): boolean => this.#held.filter((one) => one.operation === operation).length >= count
    if (areHeld()) return
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!areHeld()) return
        this.#waiting = this.#waiting.filter((one) => one !== look)
        resolve()
      }
      this.#waiting.push(look)
    })
  }

  release(operation: StoreOperation): void {
    this.holding.delete(operation)
    const released = this.#held.filter((one) => one.operation === operation)
    this.#held = this.#held.filter((one) => one.operation !== operation)
    for (const { release } of released) release()
  }
}
