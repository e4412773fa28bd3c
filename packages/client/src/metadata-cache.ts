/**
 * Keeps what magnet links found in the swarm, by info hash (hex digits, lower case), so that the next one need not ask.
 * Every ResumeStore is one too.
 */
export interface MetadataCache {
  /** A .torrent; undefined when there is none. */
  load(infoHash: string): Promise<Uint8Array | undefined>
  save(infoHash: string, torrentFile: Uint8Array): Promise<void>
}

export const DEFAULT_METADATA_CACHE_OPTIONS = Object.freeze({ maxBytes: 32 * 1024 * 1024 })

/** In memory, until the process ends. What was used longest ago makes room. */
export class MemoryMetadataCache implements MetadataCache {
  readonly #maxBytes: number
  readonly #entries = new Map<string, Uint8Array>()
  #lengthBytes = 0

  constructor(options: { readonly maxBytes?: number } = {}) {
    this.#maxBytes = options.maxBytes ?? DEFAULT_METADATA_CACHE_OPTIONS.maxBytes
  }

  async load(infoHash: string): Promise<Uint8Array | undefined> {
    const found = this.#entries.get(infoHash)
    if (found === undefined) return undefined
    this.#entries.delete(infoHash)
    this.#entries.set(infoHash, found)
    return found.slice()
  }

  async save(infoHash: string, torrentFile: Uint8Array): Promise<void> {
    this.#drop(infoHash)
    this.#entries.set(infoHash, torrentFile.slice())
    this.#lengthBytes += torrentFile.length
    for (const oldest of this.#entries.keys()) {
      if (this.#lengthBytes <= this.#maxBytes) return
      this.#drop(oldest)
    }
  }

  #drop(infoHash: string): void {
    this.#lengthBytes -= this.#entries.get(infoHash)?.length ?? 0
    this.#entries.delete(infoHash)
  }
}
