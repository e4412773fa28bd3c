import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportState } from '@bae/import-service'
import { Client } from 'pg'
import type { BaeLibrary } from './bae-library.js'

export interface RecordedEvent {
  readonly importId: string
  readonly from: ImportState | null
  readonly to: ImportState | 'removed'
  readonly cause: string
}

/** What the database of a library says, read past all of our code. */
export class LibraryRecords implements AsyncDisposable {
  readonly #client: Client

  private constructor(client: Client) {
    this.#client = client
  }

  /** Of a library that is there. */
  static async open(library: BaeLibrary, url: string): Promise<LibraryRecords> {
    const { id } = JSON.parse(await readFile(join(library.folder, 'library.json'), 'utf8')) as { id: string }
    const client = new Client({ connectionString: url, options: `-c search_path=bae_${id}` })
    // A server that restarts ends the connection: whoever asks next is told.
    client.on('error', () => {})
    await client.connect()
    return new LibraryRecords(client)
  }

  async states(): Promise<ReadonlyMap<string, ImportState>> {
    const rows = await this.#rows<{ id: string; state: ImportState }>('SELECT id, state FROM import')
    return new Map(rows.map(({ id, state }) => [id, state]))
  }

  /** Of each torrent of at most 32,768 pieces. */
  async completedPieces(): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
    const rows = await this.#rows<{ id: string; bits: Buffer }>(
      'SELECT torrent_id AS id, bits FROM have_segment WHERE segment = 0',
    )
    return new Map(rows.map(({ id, bits }) => [id, piecesOf(bits)]))
  }

  /** How many chunks have so many references. */
  async chunksByReferences(): Promise<Readonly<Record<number, number>>> {
    const rows = await this.#rows<{ references: number; chunks: string }>(
      'SELECT reference_count AS "references", count(*) AS chunks FROM chunk GROUP BY reference_count',
    )
    return Object.fromEntries(rows.map(({ references, chunks }) => [references, Number(chunks)]))
  }

  /** In their order. */
  async events(): Promise<readonly RecordedEvent[]> {
    return await this.#rows(
      `SELECT import_id AS "importId", from_state AS "from", to_state AS "to", reason->>'code' AS cause
       FROM import_event ORDER BY seq`,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end().catch(() => {})
  }

  async #rows<T>(text: string): Promise<readonly T[]> {
    return (await this.#client.query(text)).rows as readonly T[]
  }
}

function piecesOf(bits: Uint8Array): ReadonlySet<number> {
  const pieces = new Set<number>()
  for (const [at, byte] of bits.entries())
    for (let bit = 0; bit < 8; bit += 1) if (byte & (0x80 >> bit)) pieces.add(8 * at + bit)
  return pieces
}
