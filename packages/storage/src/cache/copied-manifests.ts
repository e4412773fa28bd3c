import type { AbortOptions } from '../abort-options.js'
import { isBaeError } from '../errors.js'
import type { InFlightCalls } from '../in-flight-calls.js'
import type { Logger } from '../logger.js'
import type { ManifestStore } from '../manifest-store.js'
import type { RemoteCalls } from './remote-calls.js'

export interface CopiedManifestsDeps {
  readonly calls: InFlightCalls
  readonly local: ManifestStore
  /** None where the remote store keeps no manifests, or there is no remote store. */
  readonly remote: { readonly manifests: ManifestStore; readonly calls: RemoteCalls } | undefined
  readonly logger: Logger
}

/**
 * The manifests of the local store, each with a copy in the remote one, so that a library can be made anew from
 * that alone. A copy that cannot be made is made later; a manifest is deleted from both or not at all.
 */
export class CopiedManifests implements ManifestStore {
  readonly #deps: CopiedManifestsDeps

  constructor(deps: CopiedManifestsDeps) {
    this.#deps = deps
  }

  async put(name: string, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    const { calls, local, logger } = this.#deps
    await calls.run(async () => {
      await local.put(name, bytes, options)
      await this.#copy(name, bytes, options).catch((error: unknown) => {
        options?.signal?.throwIfAborted()
        logger.warn({ manifest: name, err: error }, 'a manifest could not be copied to the remote store yet')
      })
    })
  }

  async get(name: string, options?: AbortOptions): Promise<Uint8Array | undefined> {
    const { calls, local, remote } = this.#deps
    return await calls.run(async () => {
      const bytes = await local.get(name, options)
      if (bytes !== undefined || remote === undefined) return bytes
      return await remote.calls.try(`fetching manifest ${name}`, options, (signal) =>
        remote.manifests.get(name, { signal }),
      )
    })
  }

  async has(name: string, options?: AbortOptions): Promise<boolean> {
    return await this.#deps.calls.run(() => this.#deps.local.has(name, options))
  }

  /** Rejects STORAGE_UNAVAILABLE, with nothing deleted, while the remote store is away: the copy would come back. */
  async delete(name: string, options?: AbortOptions): Promise<void> {
    const { calls, local, remote } = this.#deps
    await calls.run(async () => {
      await remote?.calls.try(`deleting manifest ${name}`, options, (signal) =>
        remote.manifests.delete(name, { signal }),
      )
      await local.delete(name, options)
    })
  }

  async *list(options?: AbortOptions): AsyncIterable<string> {
    this.#deps.calls.refuseWhenClosed()
    const names = new Set<string>()
    for (const some of [this.#deps.local.list(options), this.#listCopies(options)])
      for await (const name of some) if (names.size < names.add(name).size) yield name
  }

  /** Makes the copies that are missing. Never rejects. */
  async copyMissing(options: AbortOptions): Promise<void> {
    const { local, logger, remote } = this.#deps
    if (remote === undefined) return
    try {
      const there = new Set<string>()
      for await (const name of this.#listCopies(options)) there.add(name)
      for await (const name of local.list(options)) {
        const bytes = there.has(name) ? undefined : await local.get(name, options)
        if (bytes !== undefined) await this.#copy(name, bytes, options)
      }
    } catch (error) {
      if (options.signal?.aborted || isBaeError(error, 'STORAGE_CLOSED')) return
      logger.warn({ err: error }, 'manifests could not be copied to the remote store yet')
    }
  }

  async *#listCopies(options: AbortOptions | undefined): AsyncIterable<string> {
    const { remote } = this.#deps
    if (remote === undefined) return
    yield* remote.calls.each('listing manifests', options, (signal) => remote.manifests.list({ signal }))
  }

  async #copy(name: string, bytes: Uint8Array, options: AbortOptions | undefined): Promise<void> {
    const { remote } = this.#deps
    await remote?.calls.try(`copying manifest ${name}`, options, (signal) =>
      remote.manifests.put(name, bytes, { signal }),
    )
  }
}
