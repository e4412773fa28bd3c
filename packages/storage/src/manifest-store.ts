import type { AbortOptions } from './abort-options.js'

/**
 * Small named objects beside the chunks, each replaced as a whole: what is known of a torrent besides its
 * chunks, so that the store can outlive its database. Passes `manifestStoreCompliance`.
 */
export interface ManifestStore {
  /** Replaces what has this name. Once it settles the new bytes survive a power cut; before that all of the old or all of the new are there. */
  put(name: string, bytes: Uint8Array, options?: AbortOptions): Promise<void>
  /** `undefined` means no such object and nothing else. */
  get(name: string, options?: AbortOptions): Promise<Uint8Array | undefined>
  has(name: string, options?: AbortOptions): Promise<boolean>
  /** An absent one is fine. Once it settles the object does not come back after a power cut. */
  delete(name: string, options?: AbortOptions): Promise<void>
  /** In no particular order. */
  list(options?: AbortOptions): AsyncIterable<string>
}

/** RangeError for a name that a store may not be able to keep: lower case letters, digits, `-` and `.` between them. */
export function assertManifestName(name: string): void {
  if (isManifestName(name)) return
  throw new RangeError(`"${name}" is no name of a manifest: lower case letters, digits, '-' and '.'`)
}

export function isManifestName(name: string): boolean {
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(name) && name.length <= 200
}
