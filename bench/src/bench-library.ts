import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createFileCalls } from '@bae/native'
import { createStorageFactory, DirectoryChunkStore, type StorageFactory } from '@bae/storage'
import { openEmbeddedPostgres } from '@bae/storage/embedded-postgres'
import { openTypeOrmDatabase } from '@bae/storage/typeorm'
import { serverCpuSeconds } from './server-usage.js'

export interface BenchLibrary extends AsyncDisposable {
  readonly createStorage: StorageFactory
  /** Of its database server, so far. */
  serverCpuSeconds(): Promise<number>
}

/** What a client keeps its torrents in when somebody means it: a folder of chunks and a PostgreSQL of its own. */
export async function openBenchLibrary(folder: string): Promise<BenchLibrary> {
  const directory = join(folder, 'library')
  await mkdir(directory, { recursive: true })
  const chunkStore = await DirectoryChunkStore.open(directory, { fileCalls: createFileCalls() })
  const server = await openEmbeddedPostgres({ directory })
  const database = await openTypeOrmDatabase({ url: server.url, schema: 'bae' })
  return {
    createStorage: createStorageFactory({ chunkStore, database }),
    serverCpuSeconds: () => serverCpuSeconds(server),
    async [Symbol.asyncDispose]() {
      await database.close()
      await server.close()
      await chunkStore.close()
    },
  }
}
