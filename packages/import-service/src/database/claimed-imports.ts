import type { TorrentId } from '@bae/storage'
import { leaseLost } from './held-claim.js'
import type { Claim, SaveOptions } from './import-database.js'
import { WrappedImports } from './wrapped-imports.js'

/**
 * The imports of a library, and the tokens of what this process has claimed of them: the fences under which it writes
 * their torrents. A claim that is over leaves its token: who still writes learns from the records of the torrent whether
 * there is a newer one.
 */
export class ClaimedImports extends WrappedImports {
  readonly #tokens = new Map<TorrentId, number>()

  /** Throws IMPORT_LEASE_LOST where this process never had the import: who did not claim it does not write it. */
  fenceOf(id: TorrentId): number {
    const token = this.#tokens.get(id)
    if (token === undefined) throw leaseLost()
    return token
  }

  override async deleteImport(id: TorrentId, options?: Pick<SaveOptions, 'claim' | 'event'>): Promise<void> {
    await super.deleteImport(id, options)
    this.#tokens.delete(id)
  }

  protected override noteClaim(id: TorrentId, { token }: Claim): void {
    this.#tokens.set(id, token)
  }
}
