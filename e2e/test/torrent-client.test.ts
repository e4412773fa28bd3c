import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { MemoryResumeStore, TorrentClient, type TorrentClientDeps } from '@bae/client'
import { createTestTorrent, FakeError, MapLibrary } from '@bae/client/testing'
import { createNativeSession, type SessionSettings } from '@bae/native'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeTemporaryFolder, removeFolder } from '../harness/temporary-folder.js'

// What the client's own tests say on the fake session, said again on libtorrent.

const piece = 32 * 1024
const settings = { enable_dht: false, enable_lsd: false, enable_upnp: false, enable_natpmp: false }
const network = {
  listenInterfaces: '127.0.0.1:0',
  enableDht: false,
  enableLsd: false,
  enableUpnp: false,
  enableNatPmp: false,
  statusIntervalMs: 20,
  fullDiskRetry: { firstMs: 50, longestMs: 200 },
}
const limits = () => ({ signal: AbortSignal.timeout(60_000) })
const test = createTestTorrent({
  name: 'clip',
  pieceLengthBytes: piece,
  files: { 'notes.txt': 10 * piece + 5, 'film.bin': 60 * piece },
})

async function temporaryFolder(): Promise<string> {
  const folder = await makeTemporaryFolder()
  onTestFinished(() => removeFolder(folder))
  return folder
}

/** A libtorrent session that gives the clip as fast as it is told to. */
async function openSeed(uploadBytesPerSecond = 0, { name, files, bytes, torrentFile } = test) {
  const folder = await temporaryFolder()
  await mkdir(join(folder, name))
  for (const { name: file, offsetBytes, lengthBytes } of files ?? []) {
    await writeFile(join(folder, name, file), bytes.subarray(offsetBytes, offsetBytes + lengthBytes))
  }
  const listenInterfaces = '127.0.0.1:0'
  const session = await createNativeSession({ onAlert() {}, listenInterfaces, settings })
  onTestFinished(() => session.close())
  await session.addTorrent({
    torrentId: 'seed',
    torrentFile,
    savePath: folder,
    seedMode: true,
    limits: { uploadBytesPerSecond },
  })
  // Until then it hangs up on whoever comes.
  await expect.poll(() => session.torrentStatuses()[0]?.state).toBe('seeding')
  return [{ host: '127.0.0.1', port: session.listenPort }]
}

async function openClient(deps: Partial<TorrentClientDeps> = {}, settings: SessionSettings = {}) {
  const library = new MapLibrary()
  const client = new TorrentClient(
    { createStorage: library.createStorage, ...deps },
    { ...network, settings },
  )
  await client.start()
  onTestFinished(() => client.close())
  return { client, library }
}

function bytesOfFilm(offset: number, length: number): Uint8Array {
  const { offsetBytes = 0 } = test.files?.[1] ?? {}
  return test.bytes.slice(offsetBytes + offset, offsetBytes + offset + length)
}

describe('TorrentClient on libtorrent', () => {
  it('fetches of a magnet link only the files that are chosen, and the others later', async () => {
    const peers = await openSeed()
    const { client, library } = await openClient()
    const torrent = await client.add(test.magnetUri, { peers, files: 'notes.txt' })
    await torrent.whenFinished(limits())
    expect(library.completedPieces(torrent.id)).toEqual(Array.from({ length: 11 }, (_, index) => index))
    torrent.select('*.bin')
    await torrent.whenFinished(limits())
    expect(torrent.status.progress).toBe(1)
  })

  it('fetches file after file without the minute that libtorrent waits before it dials a seed again', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'] as const
    const files = Object.fromEntries(names.map((name) => [name, piece]))
    const album = createTestTorrent({ name: 'album', pieceLengthBytes: piece, files })
    const peers = await openSeed(0, album)
    // Which is an hour here.
    const { client } = await openClient({}, { min_reconnect_time: 3_600 })
    const torrent = await client.add(album.torrentFile, { peers, files: [] })
    for (const name of names) {
      torrent.select(name)
      await torrent.whenFinished(limits())
    }
    expect(torrent.status.progress).toBe(1)
  })

  it('finds by a recheck what is wrong, and fetches it again', async () => {
    const peers = await openSeed()
    const { client, library } = await openClient()
    const torrent = await client.add(test.torrentFile, { peers })
    await torrent.whenFinished(limits())
    const storage = library.storageOf(torrent.id)
    await storage.writePiece(3, 0, new Uint8Array(piece))
    await storage.completePiece(3)
    await torrent.recheck(limits())
    await torrent.whenFinished(limits())
    expect(await storage.readPiece(3, 0, piece)).toEqual(test.bytes.slice(3 * piece, 4 * piece))
  })

  // Where libtorrent keeps files, the whole file is wanted for the moment that it takes to say which part: mostly that is
  // not seen here either, but a busy machine can make it long: the seed gives three pieces a second.
  it.each([
    ['own', 2],
    ['files', 8],
  ] as const)(
    'begins a stream at the wanted place, also of a file that is not selected (%s)',
    async (storage, mostOthers) => {
      const peers = await openSeed(100_000)
      const { client } = await openClient()
      const savePath = await temporaryFolder()
      const torrent = await client.add(test.torrentFile, { peers, storage, savePath, files: [] })
      const arrived: number[] = []
      torrent.on('pieceCompleted', (event) => arrived.push(event.piece))
      const range = { offset: 40 * piece, length: 6 * piece }
      const film = torrent.files[1]
      const parts: Uint8Array[] = []
      let arrivedBefore: readonly number[] = []
      for await (const part of film?.stream({ range, readAheadBytes: 2 * piece, ...limits() }) ?? []) {
        if (parts.length === 0) arrivedBefore = [...arrived]
        parts.push(part)
      }
      expect(Buffer.concat(parts).equals(bytesOfFilm(range.offset, range.length))).toBe(true)
      // The file begins a little behind a piece's start.
      const others = arrivedBefore.filter((each) => each !== 50)
      expect(others.length).toBeLessThanOrEqual(mostOthers)
      expect(torrent.status.completedPieces).toBeLessThan(30)
    },
  )

  it('goes on by itself when a full storage has room again', async () => {
    const peers = await openSeed()
    const { client, library } = await openClient()
    let isFull = true
    library.before = ({ name }) => {
      if (name === 'writePiece' && isFull) throw new FakeError('STORAGE_NO_SPACE', 'full')
    }
    const torrent = await client.add(test.torrentFile, { peers })
    const events: string[] = []
    torrent.on('uploadModeEntered', () => {
      events.push('entered')
      isFull = false
    })
    torrent.on('uploadModeLeft', () => events.push('left'))
    await torrent.whenFinished(limits())
    expect(events).toEqual(['entered', 'left'])
  })

  it('keeps a magnet link as files, and has it back after a restart', async () => {
    const peers = await openSeed()
    const resumeStore = new MemoryResumeStore()
    const savePath = await temporaryFolder()
    const first = await openClient({ resumeStore })
    const own = await first.client.add(createTestTorrent({ name: 'other' }).torrentFile)
    const torrent = await first.client.add(test.magnetUri, {
      peers,
      storage: 'files',
      savePath,
      files: '*.bin',
    })
    await torrent.whenFinished(limits())
    await first.client.close()

    const second = await openClient({ resumeStore })
    const { torrents, failures } = await second.client.restore()
    expect(failures).toEqual([])
    expect(torrents.map(({ id }) => id).sort()).toEqual([own.id, torrent.id].sort())
    const again = second.client.get(torrent.id) ?? own
    await again.whenFinished(limits())
    const film = await buffer(again.readFile(1))
    expect(film.equals(bytesOfFilm(0, 60 * piece))).toBe(true)
    expect(again.status.downloadedBytes).toBe(0)
    expect(again.status.allTimeDownloadedBytes).toBeGreaterThanOrEqual(60 * piece)
  })
})
