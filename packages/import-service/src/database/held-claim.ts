import { ImportError } from '../errors.js'
import type { Claim, ImportWish } from './import-database.js'
import { wishText } from './wish-text.js'

/** A claim as databases make it: they say when it is lost and what was wished, and are told once when it is let go. */
export class HeldClaim implements Claim {
  readonly token: number
  readonly #lost = new AbortController()
  readonly #listeners = new Set<(wish: ImportWish) => void>()
  readonly #free: () => Promise<void>
  #wish: ImportWish | undefined
  #releasing: Promise<void> | undefined

  constructor(token: number, free: () => Promise<void>) {
    this.token = token
    this.#free = free
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  onWish(listener: (wish: ImportWish) => void): () => void {
    // Its own, so that the same function can be registered twice.
    const registered = (wish: ImportWish): void => listener(wish)
    this.#listeners.add(registered)
    if (this.#wish !== undefined) this.#tell(registered, this.#wish)
    return () => void this.#listeners.delete(registered)
  }

  async release(): Promise<void> {
    this.#releasing ??= this.#free()
    await this.#releasing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  /** What was released cannot be lost any more. */
  lose(reason: Error): void {
    if (this.#releasing === undefined) this.#lost.abort(reason)
  }

  /** What is wished now; the same again says nothing new. */
  hear(wish: ImportWish | undefined): void {
    const isNew = wishText(wish) !== wishText(this.#wish)
    this.#wish = wish
    if (wish === undefined || !isNew || this.#releasing !== undefined) return
    for (const listener of this.#listeners) this.#tell(listener, wish)
  }

  /** The same wish is a new one from now on. */
  answered(wish: ImportWish): void {
    if (wishText(wish) === wishText(this.#wish)) this.#wish = undefined
  }

  /** On its own, so that what a listener throws is nobody else's failure. */
  #tell(listener: (wish: ImportWish) => void, wish: ImportWish): void {
    queueMicrotask(() => {
      if (this.#listeners.has(listener)) listener(wish)
    })
  }
}

export function leaseLost(): ImportError {
  return new ImportError(
    'IMPORT_LEASE_LOST',
    'this process no longer has the import: another one took it over',
  )
}
