import type { EntityManager } from 'typeorm'
import type { ChunkKey } from '../chunk-store.js'
import type { OrphanRecords } from '../orphan-records.js'
import type { TorrentId } from '../torrent-layout.js'
import { packKey, unpackKey } from './packed-key.js'
import { rows } from './sql.js'
import { withObjects } from './store-failure.js'

const findUnreferenced = {
  name: 'find-unreferenced-chunks',
  text: `SELECT key FROM chunk WHERE reference_count = 0 AND ($1::bytea IS NULL OR key > $1)
    ORDER BY key LIMIT $2`,
}

/** Who would record one of them waits for the end of this transaction. In the order of the keys: see chunk-references. */
const takeUnknown = {
  name: 'take-unknown-chunks',
  text: `INSERT INTO chunk (key, length_bytes, reference_count)
    SELECT key, 0, 0 FROM unnest($1::bytea[]) AS unknown (key) ORDER BY key
    ON CONFLICT (key) DO NOTHING RETURNING key`,
}

const deleteTaken = { name: 'delete-taken-chunks', text: 'DELETE FROM chunk WHERE key = ANY($1::bytea[])' }

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

  async forgetUnknown(
    keys: readonly ChunkKey[],
    deleteObjects: (keys: readonly ChunkKey[]) => Promise<void>,
  ): Promise<void> {
    await withObjects(deleteObjects, (guarded) =>
      this.#deps.write(async (manager) => {
        const taken = await rows<{ key: Uint8Array }>(manager, takeUnknown, [keys.map(packKey)])
        if (taken.length === 0) return
        await guarded(taken.map(({ key }) => unpackKey(key)))
        await rows(manager, deleteTaken, [taken.map(({ key }) => key)])
      }),
    )
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
