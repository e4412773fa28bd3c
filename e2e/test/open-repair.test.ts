import { open, readdir, readFile as readWhole, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TorrentClient } from '@bae/client'
import { createNativeSession, createTorrentFile } from '@bae/native'
import {
  type BaeStorage,
  createStorageFactory,
  DirectoryChunkStore,
  MemoryDatabase,
  type TorrentId,
} from '@bae/storage'
import { expect, it } from 'vitest'
import { PseudoRandomBytes } from '../harness/payload.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { makeTemporaryFolder, removeFolder } from '../harness/temporary-folder.js'

const network = {
  listenInterfaces: '127.0.0.1:0',
  enableDht: false,
  enableLsd: false,
  enableUpnp: false,
  enableNatPmp: false,
}
const pieceLengthBytes = 64 * kibibyte

async function flipByte(path: string, at: number): Promise<void> {
  await using file = await open(path, 'r+')
  const { buffer } = await file.read(new Uint8Array(1), 0, 1, at)
  await file.write(Uint8Array.of((buffer[0] ?? 0) ^ 1), 0, 1, at)
}

it.for(['v1', 'v2', 'hybrid'] as const)(
  'a %s torrent that is open and damaged is repaired in place: its client fetches just what was lost',
  async (format) => {
    const folder = await makeTemporaryFolder()
    const content = Buffer.from(new PseudoRandomBytes('open').next(3 * mebibyte + 12_345))
    await writeFile(join(folder, 'content.bin'), content)
    const torrentFile = await createTorrentFile(join(folder, 'content.bin'), { format, pieceLengthBytes })
    await using seed = await createNativeSession({ onAlert: () => {}, listenInterfaces: '127.0.0.1:0' })
    await seed.addTorrent({ torrentId: 'seed', torrentFile, savePath: folder, seedMode: true })
    // Until then it hangs up on whoever comes.
    await expect.poll(() => seed.torrentStatuses()[0]?.state).toBe('seeding')

    const opened = new Map<TorrentId, BaeStorage>()
    await using chunkStore = await DirectoryChunkStore.open(join(folder, 'store'))
    const createStorage = createStorageFactory({ chunkStore, database: new MemoryDatabase(), opened })
    await using client = new TorrentClient({ createStorage }, network)
    await client.start()
    const torrent = await client.add(
      { torrentFile },
      { peers: [{ host: '127.0.0.1', port: seed.listenPort }] },
    )
    await torrent.whenFinished({ signal: AbortSignal.timeout(60_000) })
    const storage = opened.get(torrent.id)
    expect(await storage?.scrub()).toMatchObject({ damage: [] })

    const chunks = (await readdir(join(folder, 'store', 'chunks'), { recursive: true })).filter((name) =>
      /[0-9a-f]{64}$/.test(name),
    )
    const chunk = join(folder, 'store', 'chunks', chunks[0] ?? '')
    const at = content.indexOf((await readWhole(chunk)).subarray(0, 64))
    await flipByte(chunk, 5)

    const fetched: number[] = []
    torrent.on('pieceCompleted', ({ piece }) => fetched.push(piece))
    const report = await storage?.scrub({ repair: true })
    const lost = Math.floor((at + 5) / pieceLengthBytes)
    expect(report?.repair).toEqual({ healedChunks: 0, lostPieces: [lost] })
    await torrent.whenFinished({ signal: AbortSignal.timeout(60_000) })
    expect(fetched).toEqual([lost])

    const parts: Uint8Array[] = []
    for await (const bytes of torrent.readFile(0)) parts.push(bytes)
    expect(Buffer.compare(Buffer.concat(parts), content)).toBe(0)
    expect(opened.get(torrent.id)).toBe(storage)
    expect(await storage?.scrub()).toMatchObject({ damage: [] })
    await client.close()
    expect(opened.size).toBe(0)
    await removeFolder(folder)
  },
)
