import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TorrentClient } from '@bae/client'
import { createStorageFactory, DirectoryChunkStore, type TorrentId } from '@bae/storage'
import { openTypeOrmDatabase } from '@bae/storage/typeorm'
import type { BaeLibrary } from './bae-library.js'
import { loopback, whenReadyForPeers } from './loopback-client.js'

/** Our own client on a library that no command is using: what was imported is given back to others. */
export class LibrarySeed implements AsyncDisposable {
  readonly #client: TorrentClient
  readonly #closers: readonly (() => Promise<void>)[]

  private constructor(client: TorrentClient, closers: readonly (() => Promise<void>)[]) {
    this.#client = client
    this.#closers = closers
  }

  /** `url` is the server that the library keeps its records in. */
  static async open(library: BaeLibrary, url: string): Promise<LibrarySeed> {
    const marker = JSON.parse(await readFile(join(library.folder, 'library.json'), 'utf8')) as { id: string }
    const database = await openTypeOrmDatabase({ url, schema: `bae_${marker.id}` })
    const chunkStore = await DirectoryChunkStore.open(join(library.folder, 'store'))
    const client = new TorrentClient(
      { createStorage: createStorageFactory({ chunkStore, database }) },
      loopback,
    )
    await client.start()
    return new LibrarySeed(client, [() => client.close(), () => chunkStore.close(), () => database.close()])
  }

  /** HOST:PORT. */
  get address(): string {
    return `127.0.0.1:${this.#client.listenPort}`
  }

  /** How many pieces with bytes of files there are of it. */
  async seed(torrentFile: Uint8Array, id: string): Promise<number> {
    const torrent = await this.#client.add({ torrentFile }, { id: id as TorrentId })
    await whenReadyForPeers(torrent)
    const { wantedPieces = 0, missingPieces = 0 } = torrent.status
    return wantedPieces - missingPieces
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers) await close()
  }
}
