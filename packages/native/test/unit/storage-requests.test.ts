import { describe, expect, it } from 'vitest'
import type { StorageHandler } from '../../src/native-session.js'
import { callHandler, Outcome, outcomeOf, RequestKind } from '../../src/storage-requests.js'
import type { TorrentLayout } from '../../src/torrent-layout.js'

const layout: TorrentLayout = {
  name: 'nine-pieces',
  singleFile: true,
  pieceLengthBytes: 16_384,
  totalLengthBytes: 9 * 16_384,
  files: [],
}
const metadata = { infoSection: new Uint8Array() }
const read = { kind: RequestKind.readPiece, id: 1, storageIndex: 0, piece: 2, offset: 0, length: 4 } as const
const hash = {
  kind: RequestKind.hashPiece,
  id: 1,
  storageIndex: 0,
  piece: 2,
  sha1: true,
  sha256Blocks: 1,
} as const
const open = {
  kind: RequestKind.openStorage,
  id: 1,
  storageIndex: 0,
  torrentId: 'x',
  layout,
  metadata,
} as const

/** A handler of which only what a test gives it may be called. */
function handlerWith(calls: Partial<StorageHandler>): StorageHandler {
  return calls as StorageHandler
}

describe('callHandler', () => {
  it('answers a read with exactly the bytes that were asked for', async () => {
    const bytes = Uint8Array.of(1, 2, 3, 4)
    expect(await callHandler(handlerWith({ readPiece: async () => bytes }), read)).toEqual({ bytes })
  })

  it.each([
    ['too few', Uint8Array.of(1, 2, 3)],
    ['too many', new Uint8Array(5)],
    ['none', undefined],
    ['another type', 'text'],
    ['an array', [1, 2, 3, 4]],
  ])('rejects a read that gives %s bytes', async (_, answer) => {
    const handler = handlerWith({ readPiece: async () => answer as Uint8Array })
    await expect(callHandler(handler, read)).rejects.toThrow(/exactly 4 bytes/)
  })

  it('takes an open without havePieces for an empty storage', async () => {
    expect(await callHandler(handlerWith({ openStorage: async () => ({}) }), open)).toEqual({
      blockHashes: false,
      offersDigests: false,
    })
  })

  it('offers digests where the handler makes them, unless the storage does not', async () => {
    const hashPiece = async () => undefined
    const offering = handlerWith({ openStorage: async () => ({}), hashPiece })
    expect(await callHandler(offering, open)).toMatchObject({ offersDigests: true })
    const refusing = handlerWith({ openStorage: async () => ({ hashPieces: false }), hashPiece })
    expect(await callHandler(refusing, open)).toMatchObject({ offersDigests: false })
  })

  it('answers a hash with the SHA-1 and the blocks after it, or with nothing', async () => {
    const hashes = { sha1: new Uint8Array(20).fill(1), sha256Blocks: [new Uint8Array(32).fill(2)] }
    const both = await callHandler(handlerWith({ hashPiece: async () => hashes }), hash)
    expect(both.bytes).toEqual(Buffer.concat([hashes.sha1, ...hashes.sha256Blocks]))
    const onlyBlocks = await callHandler(handlerWith({ hashPiece: async () => hashes }), {
      ...hash,
      sha1: false,
    })
    expect(onlyBlocks.bytes).toEqual(Buffer.from(hashes.sha256Blocks[0] ?? []))
    expect(await callHandler(handlerWith({ hashPiece: async () => undefined }), hash)).toEqual({})
  })

  it.each([
    ['a short SHA-1', { sha1: new Uint8Array(19), sha256Blocks: [new Uint8Array(32)] }],
    ['no SHA-1', { sha256Blocks: [new Uint8Array(32)] }],
    ['too few blocks', { sha1: new Uint8Array(20), sha256Blocks: [] }],
    ['a long block', { sha1: new Uint8Array(20), sha256Blocks: [new Uint8Array(33)] }],
    ['no blocks', { sha1: new Uint8Array(20) }],
  ])('rejects a hash with %s', async (_, hashes) => {
    await expect(callHandler(handlerWith({ hashPiece: async () => hashes }), hash)).rejects.toThrow(TypeError)
  })

  it('rejects havePieces of another length than the torrent has', async () => {
    const handler = handlerWith({ openStorage: async () => ({ havePieces: new Uint8Array(1) }) })
    await expect(callHandler(handler, open)).rejects.toThrow(/exactly 2 bytes/)
  })

  it('rejects when the handler throws instead of rejecting', async () => {
    const handler = handlerWith({
      readPiece: () => {
        throw new Error('thrown')
      },
    })
    await expect(callHandler(handler, read)).rejects.toThrow('thrown')
  })
})

describe('outcomeOf', () => {
  it.each([
    ['STORAGE_NO_SPACE', Outcome.noSpace],
    ['ENOSPC', Outcome.noSpace],
    ['STORAGE_PIECE_NOT_FOUND', Outcome.notFound],
    ['EROFS', Outcome.readOnly],
    ['EACCES', Outcome.accessDenied],
    ['EPERM', Outcome.notPermitted],
    ['EFBIG', Outcome.fileTooLarge],
    ['ENOMEM', Outcome.outOfMemory],
    ['STORAGE_UNAVAILABLE', Outcome.unavailable],
    // Not silence: libtorrent would fetch the piece again and again.
    ['STORAGE_CLOSED', Outcome.closed],
    ['STORAGE_CORRUPT', Outcome.corrupt],
    ['STORAGE_CHUNK_MISSING', Outcome.corrupt],
    ['STORAGE_IO', Outcome.io],
    ['STORAGE_DATABASE', Outcome.io],
    ['constructor', Outcome.io],
  ])('makes of the code %s the outcome %i', (code, outcome) => {
    expect(outcomeOf(Object.assign(new Error('failed'), { code }))).toBe(outcome)
  })

  it('takes the code of a cause where that of the error says nothing', () => {
    const cause = Object.assign(new Error('open'), { code: 'EROFS' })
    const failure = Object.assign(new Error('failed', { cause }), { code: 'STORAGE_IO' })
    expect(outcomeOf(failure)).toBe(Outcome.readOnly)
  })

  it('does not look for ever in an error that is its own cause', () => {
    const failure = new Error('circular')
    failure.cause = failure
    expect(outcomeOf(failure)).toBe(Outcome.io)
  })

  it.each([undefined, null, 'text', 7, { code: 'ENOSPC' }])(
    'makes an I/O failure of %o, which is no error object',
    (thrown) => {
      expect(outcomeOf(thrown)).toBe(Outcome.io)
    },
  )
})
