import { randomUUID } from 'node:crypto'
import { MapLibrary } from '@bae/client/testing'
import type { Storage, TorrentId, TorrentLayout } from '@bae/storage'
import { storageCompliance } from '@bae/storage/compliance'
import { describe, it } from 'vitest'

// The storage that the client's tests run on keeps what a Storage promises.
describe('MapStorage of @bae/client', () => {
  const library = new MapLibrary()
  const ids = new Map<Storage, TorrentId>()

  async function open(id: TorrentId, layout: TorrentLayout): Promise<Storage> {
    const storage = await library.createStorage(id, layout, { infoSection: new Uint8Array(0) })
    ids.set(storage, id)
    return storage
  }

  storageCompliance(
    { describe, it },
    {
      create: (layout) => open(randomUUID() as TorrentId, layout),
      reopen: (closed) => open(ids.get(closed) ?? (randomUUID() as TorrentId), closed.layout),
    },
  )
})
