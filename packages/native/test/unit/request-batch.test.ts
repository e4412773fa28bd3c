import { describe, expect, it } from 'vitest'
import { RequestBatch } from '../../src/request-batch.js'
import { RequestKind, type StorageRequest } from '../../src/storage-requests.js'
import { encodeRequests } from './encode-requests.js'

const layout = { name: 'one', singleFile: true, pieceLengthBytes: 1, totalLengthBytes: 1, files: [] }
const metadata = { infoSection: new Uint8Array(1) }
const ofPiece = { storageIndex: 4, piece: 7 }

const requests: StorageRequest[] = [
  { kind: RequestKind.openStorage, id: 1, storageIndex: 4, torrentId: 'one', layout, metadata },
  {
    ...ofPiece,
    kind: RequestKind.writePiece,
    id: 2,
    offset: 16_384,
    bytes: new Uint8Array(9),
    blockHashes: new Uint8Array(32),
  },
  { ...ofPiece, kind: RequestKind.readPiece, id: 3, offset: 5, length: 6, into: new Uint8Array(6) },
  { ...ofPiece, kind: RequestKind.readPiece, id: 10, offset: 5, length: 7, into: undefined },
  { ...ofPiece, kind: RequestKind.hashPiece, id: 4, sha1: true, sha256Blocks: 64 },
  { ...ofPiece, kind: RequestKind.hashPiece, id: 5, sha1: false, sha256Blocks: 0 },
  {
    ...ofPiece,
    kind: RequestKind.writePiece,
    id: 6,
    offset: 0,
    bytes: new Uint8Array(3),
    blockHashes: undefined,
  },
  { ...ofPiece, kind: RequestKind.completePiece, id: 7 },
  { ...ofPiece, kind: RequestKind.clearPiece, id: 8 },
  { kind: RequestKind.closeStorage, id: 9, storageIndex: 4, deleteData: true },
  { kind: RequestKind.torrentGone, id: 2 ** 32 - 1, storageIndex: -1, torrentId: 'two' },
  {
    kind: RequestKind.torrentAdded,
    id: 11,
    storageIndex: -1,
    torrentId: 'three',
    errorCode: 'NATIVE_DUPLICATE_TORRENT',
    errorMessage: 'it is there',
  },
]

describe('RequestBatch', () => {
  it('gives the requests back that crossed the border, each with what belongs to it', () => {
    const seen: StorageRequest[] = []
    new RequestBatch(...encodeRequests(requests)).forEach((request) => {
      seen.push(request)
    })
    expect(seen).toEqual(requests)
  })
})
