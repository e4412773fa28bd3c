import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it, vi } from 'vitest'
import { createTestTorrent, FakeError } from '../src/testing/index.js'
import { addTestTorrent, deliverAll, everythingDue, openClient, rejectionOf } from './open-client.js'

const piece = 16 * 1024
// Ten pieces; `film` begins in the middle of the first.
const test = createTestTorrent({ files: { text: piece / 2, film: 9 * piece + 100 } })
const film = test.bytes.slice(piece / 2)

async function openFilm() {
  const fakes = await openClient()
  const { torrent } = await addTestTorrent(fakes, test)
  const [, file] = torrent.files
  if (file === undefined) throw new Error('there is no film')
  const [session] = fakes.swarm.sessions
  if (session === undefined) throw new Error('there is no session')
  return { ...fakes, fakes, torrent, file, session }
}

/** Lets the swarm bring whatever is wanted most, until the promise settles. */
async function whileDelivering<T>(
  { swarm, torrent }: Pick<Awaited<ReturnType<typeof openFilm>>, 'swarm' | 'torrent'>,
  promise: Promise<T>,
): Promise<{ readonly value: T; readonly delivered: readonly number[] }> {
  const delivered: number[] = []
  let isOver = false
  const over = () => {
    isOver = true
  }
  promise.then(over, over)
  await everythingDue()
  while (!isOver) {
    const next = await swarm.deliverNext(torrent.id)
    if (next !== undefined) delivered.push(next)
    await everythingDue()
  }
  return { value: await promise, delivered }
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Uint8Array.from(Buffer.concat(parts))
}

describe('the stream of a file', () => {
  it('brings its bytes in order while they are fetched', async () => {
    const opened = await openFilm()
    const { value } = await whileDelivering(opened, bytesOf(opened.file.stream()))
    expect(value).toEqual(film)
  })

  it('begins with the piece that is read first, wherever that is', async () => {
    const opened = await openFilm()
    const range = { offset: 6 * piece, length: 2 * piece }
    const { value, delivered } = await whileDelivering(opened, bytesOf(opened.file.stream({ range })))
    expect(value).toEqual(film.slice(range.offset, range.offset + range.length))
    expect(delivered).toEqual([6, 7, 8])
  })

  it('hurries no further ahead than the reader wants, and follows the reader', async () => {
    const { file, session, swarm, torrent } = await openFilm()
    const reader = file.stream({ readAheadBytes: 2 * piece })[Symbol.asyncIterator]()
    const first = reader.next()
    await everythingDue()
    expect(session.deadlineCalls).toEqual([
      { handle: 1, piece: 0, deadlineMs: 0 },
      { handle: 1, piece: 1, deadlineMs: 100 },
      { handle: 1, piece: 2, deadlineMs: 200 },
    ])
    await swarm.deliverPiece(torrent.id, 0)
    await first
    await everythingDue()
    expect(session.deadlineCalls).toHaveLength(3)
    const second = reader.next()
    await everythingDue()
    expect(session.deadlineCalls).toHaveLength(3)
    await swarm.deliverPiece(torrent.id, 1)
    await second
    const third = reader.next()
    await everythingDue()
    expect(session.deadlineCalls.slice(3)).toEqual([{ handle: 1, piece: 3, deadlineMs: 100 }])
    await swarm.deliverPiece(torrent.id, 2)
    await third
    await reader.return?.()
  })

  it('ends the hurry when the loop is left', async () => {
    const { file, session, swarm, torrent } = await openFilm()
    await swarm.deliverPiece(torrent.id, 0)
    for await (const bytes of file.stream({ readAheadBytes: 3 * piece })) {
      expect(bytes.length).toBe(piece / 2)
      break
    }
    expect([...swarm.torrent(torrent.id).control.deadlines]).toEqual([])
    expect(new Set(session.piecePriorities(1))).toEqual(new Set([4]))
  })

  it('may be several of one file', async () => {
    const opened = await openFilm()
    const ranges = [0, 4 * piece, 8 * piece].map((offset) => ({ offset, length: piece }))
    const all = Promise.all(
      ranges.map((range) => bytesOf(opened.file.stream({ range, readAheadBytes: piece }))),
    )
    const { value, delivered } = await whileDelivering(opened, all)
    expect(value).toEqual(ranges.map(({ offset, length }) => film.slice(offset, offset + length)))
    expect(delivered.length).toBeLessThanOrEqual(6)
  })

  it('leaves to one reader what another no longer wants', async () => {
    const { file, swarm, torrent } = await openFilm()
    const range = { offset: 2 * piece, length: 3 * piece }
    const stays = file.stream({ range })[Symbol.asyncIterator]()
    const leaves = file.stream({ range })[Symbol.asyncIterator]()
    const [staying, leaving] = [stays.next(), leaves.next()]
    await swarm.deliverPiece(torrent.id, 2)
    await Promise.all([staying, leaving])
    await leaves.return?.()
    expect([...swarm.torrent(torrent.id).control.deadlines.keys()]).toEqual([3, 4, 5])
    await stays.return?.()
    expect(swarm.torrent(torrent.id).control.deadlines.size).toBe(0)
  })

  it('costs no work of the session when the file is complete', async () => {
    const { file, fakes, torrent, session } = await openFilm()
    await deliverAll(fakes, torrent, test.pieceCount)
    const calls = (
      ['setPieceDeadline', 'resetPieceDeadline', 'setPiecePriorities', 'setFilePriorities'] as const
    ).map((name) => vi.spyOn(session, name))
    expect(await bytesOf(file.stream())).toEqual(film)
    for (const call of calls) expect(call).not.toHaveBeenCalled()
  })

  it('fetches what is read of a file that is not selected, and no more', async () => {
    const opened = await openFilm()
    opened.torrent.deselect('film')
    const range = { offset: 6 * piece, length: piece }
    const { delivered } = await whileDelivering(opened, bytesOf(opened.file.stream({ range })))
    expect(delivered).toEqual([6, 7])
    const missing = [0, 1, 2, 3, 4, 5, 8, 9].map((piece) => opened.session.piecePriorities(1)[piece])
    expect(missing).toEqual([4, 0, 0, 0, 0, 0, 0, 0])
  })

  it('has its peers dialled at once when its torrent lacked nothing before', async () => {
    const { torrent, session, client } = await openFilm()
    torrent.connectPeer({ host: '127.0.0.1', port: 9 })
    const setFlags = vi.spyOn(session, 'setTorrentFlags')
    const fetchAgain = () =>
      session.options.onAlert({
        type: 'stateChanged',
        handle: 1,
        state: 'downloading',
        previousState: 'finished',
      })
    fetchAgain()
    expect(session.dialled).toHaveLength(2)
    // What makes libtorrent forget when it dialled them last.
    expect(setFlags.mock.calls.map(([, flags]) => flags)).toEqual([
      { uploadMode: true },
      { uploadMode: false },
    ])
    session.setTorrentFlags(1, { uploadMode: true })
    while (!torrent.status.uploadMode) await once(client, 'statusUpdated')
    setFlags.mockClear()
    fetchAgain()
    // Its storage is full, and stays so.
    expect(setFlags).not.toHaveBeenCalled()
  })

  it('goes on hurrying after the torrent was added to the session again', async () => {
    const { file, fakes, swarm, torrent, library, session } = await openFilm()
    await swarm.deliverPiece(torrent.id, 5)
    const reading = file.stream({ readAheadBytes: 1 })[Symbol.asyncIterator]().next()
    await everythingDue()
    library.storageOf(torrent.id).losePieces([5])
    while (session.requests.length < 2) await everythingDue()
    while (!session.deadlineCalls.some(({ handle }) => handle === 2))
      await once(fakes.client, 'statusUpdated')
    expect([...swarm.torrent(torrent.id).control.deadlines.keys()]).toEqual([0])
    await swarm.deliverPiece(torrent.id, 0)
    expect((await reading).value?.length).toBe(piece / 2)
  })

  it('throws what a read rejects with, and never ends early', async () => {
    const { file, fakes, torrent, library } = await openFilm()
    await deliverAll(fakes, torrent, test.pieceCount)
    const failure = new FakeError('STORAGE_CORRUPT', 'damaged')
    library.storageOf(torrent.id).before = ({ name, piece }) =>
      name === 'readPiece' && piece === 3 ? Promise.reject(failure) : undefined
    expect(await rejectionOf(bytesOf(file.stream()))).toBe(failure)
  })

  it('stops waiting with the signal, the torrent or the client', async () => {
    const { file, client } = await openFilm()
    const reason = new Error('enough')
    const aborter = new AbortController()
    const aborted = rejectionOf(bytesOf(file.stream({ signal: aborter.signal })))
    const closed = rejectionOf(bytesOf(file.stream()))
    await everythingDue()
    aborter.abort(reason)
    expect(await aborted).toBe(reason)
    await client.close()
    expect(await closed).toMatchObject({ code: 'CLIENT_CLOSED' })
  })

  it('can be left after the client was closed', async () => {
    const { fakes, file, swarm, torrent } = await openFilm()
    const reading = file.stream()[Symbol.asyncIterator]()
    await swarm.deliverPiece(torrent.id, 0)
    await reading.next()
    await fakes.client.close()
    expect(await reading.return?.()).toEqual({ done: true, value: undefined })
  })

  it('refuses a range that the file does not have', async () => {
    const { file } = await openFilm()
    const range = { offset: file.lengthBytes, length: 1 }
    expect(await rejectionOf(bytesOf(file.stream({ range })))).toBeInstanceOf(RangeError)
  })
})

describe('a stream at the edge', () => {
  it('is a Node stream', async () => {
    const opened = await openFilm()
    const { value } = await whileDelivering(opened, buffer(opened.file.nodeStream()))
    expect(Uint8Array.from(value)).toEqual(film)
  })

  it('is a web stream', async () => {
    const opened = await openFilm()
    const { value } = await whileDelivering(opened, bytesOf(opened.file.webStream()))
    expect(value).toEqual(film)
  })

  it('ends the hurry when it is destroyed or cancelled, even while it waits', async () => {
    const { file, swarm, torrent } = await openFilm()
    const { deadlines } = swarm.torrent(torrent.id).control
    const node = file.nodeStream()
    node.resume()
    const web = file.webStream()
    const reading = web.getReader()
    const next = reading.read()
    await everythingDue()
    expect(deadlines.size).toBeGreaterThan(0)
    node.destroy()
    await reading.cancel()
    expect((await next).done).toBe(true)
    await everythingDue()
    expect(deadlines.size).toBe(0)
  })

  it('reads nothing before it is asked', async () => {
    const { file, fakes, torrent, library } = await openFilm()
    await deliverAll(fakes, torrent, test.pieceCount)
    let reads = 0
    library.storageOf(torrent.id).before = ({ name }) => {
      if (name === 'readPiece') reads++
    }
    const web = file.webStream()
    await everythingDue()
    expect(reads).toBe(0)
    await web.getReader().read()
    expect(reads).toBe(1)
  })
})
