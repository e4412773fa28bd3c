import type { EntityManager } from 'typeorm'
import type { FenceOptions } from '../fence.js'
import type { FileRecords, StoredFile } from '../file-records.js'
import type { TorrentId } from '../torrent-layout.js'
import { lockTorrentRow } from './fenced-rows.js'
import { rows } from './sql.js'

/** What one statement takes. */
const filesPerStatement = 4_096

const saveFiles = {
  name: 'save-stored-files',
  text: `INSERT INTO stored_file (torrent_id, first_ordinal, root)
    SELECT torrent.id, file.first_ordinal, file.root
    FROM torrent, unnest($2::integer[], $3::bytea[]) AS file (first_ordinal, root)
    WHERE torrent.id = $1 ON CONFLICT (torrent_id, first_ordinal) DO UPDATE SET root = excluded.root`,
}

const findFiles = {
  name: 'find-stored-files',
  text: 'SELECT torrent_id, first_ordinal, root FROM stored_file WHERE root = ANY($1::bytea[])',
}

interface FileRow {
  readonly torrent_id: string
  readonly first_ordinal: number
  readonly root: Buffer
}

export interface TypeOrmFileDeps {
  readonly read: <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>
  readonly write: <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>
}

/** In which torrents a library has a file, as rows of a TypeOrmDatabase. */
export class TypeOrmFileRecords implements FileRecords {
  readonly #deps: TypeOrmFileDeps

  constructor(deps: TypeOrmFileDeps) {
    this.#deps = deps
  }

  async save(id: TorrentId, files: readonly StoredFile[], { fence }: FenceOptions = {}): Promise<void> {
    await this.#deps.write(async (manager) => {
      if (fence !== undefined) await lockTorrentRow(manager, id, { fence })
      for (let start = 0; start < files.length; start += filesPerStatement) {
        const slice = files.slice(start, start + filesPerStatement)
        await rows(manager, saveFiles, [
          id,
          slice.map(({ firstOrdinal }) => firstOrdinal),
          slice.map(({ root }) => Buffer.from(root, 'hex')),
        ])
      }
    })
  }

  async find(roots: readonly string[]): Promise<readonly (StoredFile & { readonly torrentId: TorrentId })[]> {
    return await this.#deps.read(async (manager) => {
      const found = await rows<FileRow>(manager, findFiles, [roots.map((root) => Buffer.from(root, 'hex'))])
      return found.map((row) => ({
        torrentId: row.torrent_id as TorrentId,
        firstOrdinal: row.first_ordinal,
        root: row.root.toString('hex'),
      }))
    })
  }
}
