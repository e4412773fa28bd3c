import type { EntityManager } from 'typeorm'
import type { ChunkKey } from '../chunk-store.js'
import type { DeleteObjects } from '../delete-objects.js'
import type { OrphanRecords } from '../orphan-records.js'
import type { TorrentId } from '../torrent-layout.js'
import { type Marking, markingUnknown } from './going-chunks.js'
import { packKey, unpackKey } from './packed-key.js'
import { rows } from './sql.js'
import { withObjects } from './store-failure.js'

const findUnreferenced = {
  name: 'find-unreferenced-chunks',
  text: `SELECT key FROM chunk WHERE reference_count = 0 AND ($1::bytea IS NULL OR key > $1)
    ORDER BY key LIMIT $2`,
}

/** Who would save this torrent waits until the row that never was is gone again. */
const takeTorrent = {
  name: 'take-absent-torrent',
  text: `INSERT INTO torrent (id, layout, info_section, piece_count, chunk_size_bytes, added_at_ms)
    VALUES ($1, '', '', 0, 0, 0) ON CONFLICT (id) DO NOTHING RETURNING id`,
}

const dropTorrent = { name: 'drop-absent-torrent', text: 'DELETE FROM torrent WHERE id = $1' }

export interface TypeOrmOrphanDeps {
  readonly read: <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>
  readonly write: <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>
  /** Forgets chunks that are marked before their objects are deleted. */
  readonly forget: (marking: Marking, deleteObjects: DeleteObjects) => Promise<void>
}

/** The part of a TypeOrmDatabase for whoever looks for things that nobody needs. */
export class TypeOrmOrphanRecords implements OrphanRecords {
  readonly #deps: TypeOrmOrphanDeps

  constructor(deps: TypeOrmOrphanDeps) {
    this.#deps = deps
  }

  async unreferenced(after: ChunkKey | undefined, limit: number): Promise<readonly ChunkKey[]> {
    return await this.#deps.read(async (manager) => {
      const values = [after === undefined ? null : packKey(after), limit]
      const found = await rows<{ key: Uint8Array }>(manager, findUnreferenced, values)
      return found.map(({ key }) => unpackKey(key))
    })
  }

  async forgetUnknown(keys: readonly ChunkKey[], deleteObjects: DeleteObjects): Promise<void> {
    await this.#deps.forget(markingUnknown(keys), deleteObjects)
  }

  async whileAbsent(id: TorrentId, work: () => Promise<void>): Promise<boolean> {
    return await withObjects(work, (guarded) =>
      this.#deps.write(async (manager) => {
        if ((await rows(manager, takeTorrent, [id])).length === 0) return false
        await guarded([])
        await rows(manager, dropTorrent, [id])
        return true
      }),
    )
  }
}
