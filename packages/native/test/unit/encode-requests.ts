import { RequestKind, type StorageRequest } from '../../src/storage-requests.js'

/** What cpp/binding/js_channel.cc makes of these requests. */
export function encodeRequests(
  requests: readonly StorageRequest[],
): [numbers: Float64Array, values: readonly unknown[]] {
  const numbers = requests.flatMap((request) => {
    const piece = 'piece' in request ? request.piece : 0
    return [request.kind, request.id, request.storageIndex, piece, ...lastNumbers(request)]
  })
  return [Float64Array.from(numbers), requests.flatMap(valuesOf)]
}

function lastNumbers(request: StorageRequest): [number, number] {
  switch (request.kind) {
    case RequestKind.writePiece:
      return [request.offset, request.bytes.byteLength]
    case RequestKind.readPiece:
      return [request.offset, request.length]
    case RequestKind.hashPiece:
      return [Number(request.sha1), request.sha256Blocks]
    case RequestKind.closeStorage:
      return [Number(request.deleteData), 0]
    default:
      return [0, 0]
  }
}

function valuesOf(request: StorageRequest): readonly unknown[] {
  switch (request.kind) {
    case RequestKind.openStorage:
      return [request.torrentId, request.layout, request.metadata]
    case RequestKind.writePiece:
      return [request.bytes, request.blockHashes]
    case RequestKind.readPiece:
      return [request.into]
    case RequestKind.torrentGone:
      return [request.torrentId]
    case RequestKind.torrentAdded:
      return [request.torrentId, request.errorCode, request.errorMessage]
    default:
      return []
  }
}
