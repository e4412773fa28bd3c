import type { TestTorrent } from '@bae/native/testing'
import { describe, expect, it } from 'vitest'
import { createTestTorrent } from '../src/testing/index.js'
import type { Torrent } from '../src/torrent.js'
import { addTestTorrent, type ClientOnFakes, deliverAll, openClient, rejectionOf } from './open-client.js'

const PIECE = 16 * 1024

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of bytes) parts.push(part)
  return Uint8Array.from(Buffer.concat(parts))
}

async function addAlbum(): Promise<{ fakes: ClientOnFakes; test: TestTorrent; torrent: Torrent }> {
  const fakes = await openClient()
  const files = { 'a.wav': PIECE + 100, 'empty.txt': 0, 'b.wav': 2 * PIECE + 7, 'c.txt': 1 }
  return { fakes, ...(await addTestTorrent(fakes, createTestTorrent({ files }))) }
}

function fileBytes({ layout, bytes }: TestTorrent, file: number): Uint8Array {
  const { offsetBytes = 0, lengthBytes = 0 } = layout.files[file] ?? {}
  return bytes.slice(offsetBytes, offsetBytes + lengthBytes)
}

describe('readFile', () => {
  it('gives every file byte for byte, also an empty one and one that shares its pieces', async () => {
    const { fakes, test, torrent } = await addAlbum()
    await deliverAll(fakes, torrent, test.pieceCount)
    for (const file of [0, 1, 2, 3])
      expect(await collect(torrent.readFile(file))).toEqual(fileBytes(test, file))
  })

  it('gives a range, end-exclusive', async () => {
    const { fakes, test, torrent } = await addAlbum()
    await deliverAll(fakes, torrent, test.pieceCount)
    const range = { offset: PIECE - 50, length: 200 }
    expect(await collect(torrent.readFile(2, { range }))).toEqual(
      fileBytes(test, 2).slice(PIECE - 50, PIECE + 150),
    )
    expect(await collect(torrent.readFile(2, { range: { offset: 2 * PIECE + 7, length: 0 } }))).toHaveLength(
      0,
    )
  })

  it('gives what is there and waits for the rest, in whatever order it comes', async () => {
    const { fakes, test, torrent } = await addAlbum()
    await fakes.swarm.deliverPiece(torrent.id, 0)
    const reader = torrent.readFile(0)[Symbol.asyncIterator]()
    expect((await reader.next()).value).toEqual(test.bytes.slice(0, PIECE))
    const rest = reader.next()
    await fakes.swarm.deliverPiece(torrent.id, 3)
    await fakes.swarm.deliverPiece(torrent.id, 1)
    expect((await rest).value).toEqual(test.bytes.slice(PIECE, PIECE + 100))
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  it('throws when a read fails, and does not end the loop', async () => {
    const { fakes, test, torrent } = await addAlbum()
    await deliverAll(fakes, torrent, test.pieceCount)
    const failure = new Error('the bytes are damaged')
    fakes.library.storageOf(torrent.id).before = ({ name, piece }) => {
      if (name === 'readPiece' && piece === 1) throw failure
    }
    expect(await rejectionOf(collect(torrent.readFile(0)))).toBe(failure)
  })

  it('refuses a file or a range that is not there', async () => {
    const { torrent } = await addAlbum()
    const ranges = [
      { offset: -1, length: 1 },
      { offset: 0, length: PIECE + 101 },
      { offset: PIECE + 101, length: 0 },
      { offset: 0.5, length: 1 },
    ]
    for (const range of ranges)
      expect(await rejectionOf(collect(torrent.readFile(0, { range })))).toBeInstanceOf(RangeError)
    expect(await rejectionOf(collect(torrent.readFile(4)))).toBeInstanceOf(RangeError)
  })

  it('stops waiting when the signal aborts, the torrent is removed or the client closes', async () => {
    const { fakes, torrent } = await addAlbum()
    const reason = new Error('the player was closed')
    const aborter = new AbortController()
    const aborted = rejectionOf(collect(torrent.readFile(0, { signal: aborter.signal })))
    aborter.abort(reason)
    expect(await aborted).toBe(reason)
    const removed = rejectionOf(collect(torrent.readFile(0)))
    await fakes.client.remove(torrent.id)
    expect(await removed).toMatchObject({ code: 'CLIENT_TORRENT_REMOVED' })
  })

  it('never reads more than a mebibyte at once', async () => {
    const fakes = await openClient()
    const test = createTestTorrent({
      pieceLengthBytes: 4 * 1024 * 1024,
      files: { 'big.wav': 5 * 1024 * 1024 },
    })
    const { torrent } = await addTestTorrent(fakes, test)
    await deliverAll(fakes, torrent, test.pieceCount)
    const lengths: number[] = []
    for await (const part of torrent.readFile(0)) lengths.push(part.length)
    expect(lengths).toEqual(Array(5).fill(1024 * 1024))
  })
})
