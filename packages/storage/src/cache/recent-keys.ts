import type { ChunkKey } from '../chunk-store.js'

const maxKeys = 1_024

/** The last thousand keys that were added. */
export class RecentKeys {
  readonly #keys = new Set<ChunkKey>()

  add(key: ChunkKey): void {
    this.#keys.delete(key)
    this.#keys.add(key)
    const [oldest] = this.#keys
    if (this.#keys.size > maxKeys && oldest !== undefined) this.#keys.delete(oldest)
  }

  has(key: ChunkKey): boolean {
    return this.#keys.has(key)
  }

  delete(key: ChunkKey): void {
    this.#keys.delete(key)
  }
}
