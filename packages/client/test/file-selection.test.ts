import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createTestTorrent, MapLibrary } from '../src/testing/index.js'
import { deliverAll, everythingDue, openClient, openClientWith, rejectionOf } from './open-client.js'

const piece = 16 * 1024
const options = { files: { 'a.wav': 2 * piece, 'b.wav': 2 * piece, 'notes/c.txt': 1000 } }

async function openAlbum() {
  const fakes = await openClient()
  const test = createTestTorrent(options)
  const seed = fakes.swarm.seed(test.torrentFile, test.bytes)
  return { ...fakes, fakes, test, seed }
}

describe('files that are selected', () => {
  it('are fetched and no others, and the torrent is finished then', async () => {
    const { client, test, seed, library } = await openAlbum()
    const torrent = await client.add(test.torrentFile, { files: '*.txt', peers: [seed] })
    const finished = once(torrent, 'torrentFinished')
    await torrent.whenFinished()
    await finished
    expect(library.completedPieces(torrent.id)).toEqual([4])
    expect(torrent.status).toMatchObject({
      progress: 1,
      wantedBytes: 1000,
      wantedPieces: 1,
      missingPieces: 0,
      completedPieces: 1,
      totalPieces: 5,
    })
    await once(client, 'statusUpdated')
    expect(torrent.status.state).toBe('finished')
  })

  it('can be more later, and fewer', async () => {
    const { client, test, seed, library } = await openAlbum()
    const torrent = await client.add(test.torrentFile, { files: 2, peers: [seed] })
    await torrent.whenFinished()
    torrent.select('a.wav', 'top')
    expect(torrent.status.progress).toBeLessThan(1)
    expect(torrent.files.map(({ priority }) => priority)).toEqual([7, 0, 4])
    await torrent.whenFile(0)
    await torrent.whenFinished()
    expect(library.completedPieces(torrent.id)).toEqual([0, 1, 4])
  })

  it('finish a torrent when what is missing is no longer wanted', async () => {
    const { client, test, swarm } = await openAlbum()
    const torrent = await client.add(test.torrentFile)
    await swarm.deliverPiece(torrent.id, 4)
    const finished = once(torrent, 'torrentFinished')
    const waiting = torrent.whenFinished()
    await everythingDue()
    torrent.deselect('*.wav')
    await Promise.all([finished, waiting])
    expect(swarm.sessions[0]?.filePriorities(1)).toEqual([0, 0, 4])
  })

  it('of a magnet link are chosen before anything is fetched', async () => {
    const { client, test, seed, library, swarm } = await openAlbum()
    const torrent = await client.add(test.magnetUri, { files: ['b.wav', 77], peers: [seed] })
    await torrent.whenFinished()
    expect(library.completedPieces(torrent.id)).toEqual([2, 3])
    expect(swarm.sessions[0]?.filePriorities(1)).toEqual([0, 4, 0])
  })

  it('may be named by the magnet link itself', async () => {
    const { client, test, seed, library } = await openAlbum()
    const torrent = await client.add(`${test.magnetUri}&so=0,2-2,x`, { peers: [seed] })
    await torrent.whenFinished()
    expect(library.completedPieces(torrent.id)).toEqual([0, 1, 4])
  })

  it('stay chosen when the torrent is added to the session again', async () => {
    const { client, test, seed, library, swarm } = await openAlbum()
    const torrent = await client.add(test.torrentFile, { files: 'a.wav', peers: [seed] })
    await torrent.whenFinished()
    library.storageOf(torrent.id).losePieces([0])
    await torrent.whenFinished()
    expect(swarm.sessions[0]?.requests[1]?.filePriorities).toEqual([4, 0, 0])
    expect(library.completedPieces(torrent.id)).toEqual([0, 1])
  })

  it('are told to the storage, which looks for room for no others', async () => {
    const library = new MapLibrary()
    const told: (readonly number[] | undefined)[] = []
    const { client, swarm } = await openClientWith({
      createStorage: (id, layout, metadata, opening) => {
        told.push(opening?.wantedFiles)
        return library.createStorage(id, layout, metadata)
      },
    })
    for (const [name, add] of Object.entries({ all: undefined, some: ['*.txt', 0], none: [] })) {
      for (const kind of ['torrentFile', 'magnetUri'] as const) {
        const test = createTestTorrent({ ...options, name: `${name} ${kind}` })
        const peers = [swarm.seed(test.torrentFile, test.bytes)]
        const torrent = await client.add(test[kind], { peers, ...(add && { files: add }) })
        await torrent.whenFinished()
      }
    }
    expect(told).toEqual([undefined, undefined, [0, 2], [0, 2], [], []])
  })

  it('are refused where the torrent does not have them, and nothing is added', async () => {
    const { client, test } = await openAlbum()
    expect(await rejectionOf(client.add(test.torrentFile, { files: 3 }))).toBeInstanceOf(RangeError)
    expect(client.list()).toEqual([])
  })
})

describe('the files of a torrent', () => {
  it('tell their place, their progress and their end', async () => {
    const { client, test, swarm, fakes } = await openAlbum()
    const torrent = await client.add(test.torrentFile)
    const completed: number[] = []
    torrent.on('fileCompleted', ({ file }) => completed.push(file))
    expect(
      torrent.files.map(({ index, path, name, lengthBytes }) => ({ index, path, name, lengthBytes })),
    ).toEqual([
      { index: 0, path: ['a.wav'], name: 'a.wav', lengthBytes: 2 * piece },
      { index: 1, path: ['b.wav'], name: 'b.wav', lengthBytes: 2 * piece },
      { index: 2, path: ['notes', 'c.txt'], name: 'c.txt', lengthBytes: 1000 },
    ])
    await swarm.deliverPiece(torrent.id, 1)
    expect(torrent.files[0]).toMatchObject({ completedBytes: piece, progress: 0.5 })
    const whole = torrent.files[0]?.whenCompleted()
    await deliverAll(fakes, torrent, 5)
    await whole
    expect(completed).toEqual([0, 1, 2])
  })

  it('are none before the metadata, and can be waited for then', async () => {
    const { client, test, seed } = await openAlbum()
    const torrent = await client.add(test.magnetUri)
    expect(torrent.files).toEqual([])
    const file = torrent.whenFile(2)
    const stranger = rejectionOf(torrent.whenFile(3))
    torrent.connectPeer(seed)
    await file
    expect(await stranger).toBeInstanceOf(RangeError)
    expect(torrent.files).toBe(torrent.files)
  })

  it('stop being waited for with the torrent, or the signal', async () => {
    const { client, test } = await openAlbum()
    const torrent = await client.add(test.torrentFile)
    const reason = new Error('no time')
    expect(await rejectionOf(torrent.whenFile(0, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    const waiting = rejectionOf(torrent.whenFile(0))
    await everythingDue()
    await client.remove(torrent.id)
    expect(await waiting).toMatchObject({ code: 'CLIENT_TORRENT_REMOVED' })
  })
})
