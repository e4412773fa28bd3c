import type { AbortOptions } from '../abort-options.js'
import { assertManifestName, type ManifestStore } from '../manifest-store.js'

/** The manifests of a MemoryChunkStore. */
export class MemoryManifestStore implements ManifestStore {
  readonly #refuseWhenClosed: () => void
  readonly #objects = new Map<string, Uint8Array>()

  constructor(deps: { readonly refuseWhenClosed: () => void }) {
    this.#refuseWhenClosed = deps.refuseWhenClosed
  }

  async put(name: string, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    this.#begin(name, options)
    this.#objects.set(name, new Uint8Array(bytes))
  }

  async get(name: string, options?: AbortOptions): Promise<Uint8Array | undefined> {
    this.#begin(name, options)
    return this.#objects.get(name)?.slice()
  }

  async has(name: string, options?: AbortOptions): Promise<boolean> {
    this.#begin(name, options)
    return this.#objects.has(name)
  }

  async delete(name: string, options?: AbortOptions): Promise<void> {
    this.#begin(name, options)
    this.#objects.delete(name)
  }

  async *list(options?: AbortOptions): AsyncIterable<string> {
    this.#refuseWhenClosed()
    options?.signal?.throwIfAborted()
    yield* this.#objects.keys()
  }

  #begin(name: string, options: AbortOptions | undefined): void {
    assertManifestName(name)
    this.#refuseWhenClosed()
    options?.signal?.throwIfAborted()
  }
}
