import type { StorageHandler } from './native-session.js'
import type { TorrentLayout, TorrentMetadata } from './torrent-layout.js'

/** The numbers are shared with cpp/disk/storage_request.h. */
export const RequestKind = {
  openStorage: 0,
  writePiece: 1,
  readPiece: 2,
  completePiece: 3,
  clearPiece: 4,
  closeStorage: 5,
  torrentGone: 6,
} as const

interface OfStorage {
  readonly id: number
  readonly storageIndex: number
}

interface OfPiece extends OfStorage {
  readonly piece: number
}

export type StorageRequest =
  | (OfStorage & {
      readonly kind: typeof RequestKind.openStorage
      readonly torrentId: string
      readonly layout: TorrentLayout
      readonly metadata: TorrentMetadata
    })
  | (OfPiece & {
      readonly kind: typeof RequestKind.writePiece
      readonly offset: number
      readonly bytes: Uint8Array
      readonly blockHashes?: Uint8Array
    })
  | (OfPiece & {
      readonly kind: typeof RequestKind.readPiece
      readonly offset: number
      readonly length: number
    })
  | (OfPiece & { readonly kind: typeof RequestKind.completePiece | typeof RequestKind.clearPiece })
  | (OfStorage & { readonly kind: typeof RequestKind.closeStorage; readonly deleteData: boolean })
  | (OfStorage & { readonly kind: typeof RequestKind.torrentGone; readonly torrentId: string })

/** A request for the handler, as opposed to word that a torrent is gone. */
export type HandlerRequest = Exclude<StorageRequest, { kind: typeof RequestKind.torrentGone }>

/** How a request ended; the numbers are shared with cpp/disk/storage_request.h. */
export const Outcome = { ok: 0, notFound: 1, noSpace: 2, io: 4 } as const

/** What C++ wants to know of a call that succeeded. */
export interface Answer {
  readonly bytes?: Uint8Array
  readonly blockHashes?: boolean
}

/** Calls the handler. Rubbish from it rejects. */
export async function callHandler(handler: StorageHandler, request: HandlerRequest): Promise<Answer> {
  const { storageIndex } = request
  switch (request.kind) {
    case RequestKind.openStorage: {
      const opened = await handler.openStorage(
        storageIndex,
        request.torrentId,
        request.layout,
        request.metadata,
      )
      const bytes = checkedHavePieces(opened?.havePieces, request.layout)
      return { ...(bytes && { bytes }), blockHashes: opened?.blockHashes === true }
    }
    case RequestKind.writePiece:
      await handler.writePiece(
        storageIndex,
        request.piece,
        request.offset,
        request.bytes,
        request.blockHashes,
      )
      return {}
    case RequestKind.readPiece: {
      const { piece, offset, length } = request
      return { bytes: checkedBytes(await handler.readPiece(storageIndex, piece, offset, length), length) }
    }
    case RequestKind.completePiece:
      await handler.completePiece(storageIndex, request.piece)
      return {}
    case RequestKind.clearPiece:
      await handler.clearPiece(storageIndex, request.piece)
      return {}
    case RequestKind.closeStorage:
      await handler.closeStorage(storageIndex, request.deleteData)
      return {}
  }
}

function checkedBytes(bytes: unknown, length: number): Uint8Array {
  if (bytes instanceof Uint8Array && bytes.byteLength === length) return bytes
  const got = bytes instanceof Uint8Array ? `${bytes.byteLength} bytes` : typeof bytes
  throw new TypeError(`readPiece must answer with a Uint8Array of exactly ${length} bytes, not ${got}`)
}

function checkedHavePieces(havePieces: unknown, layout: TorrentLayout): Uint8Array | undefined {
  if (havePieces === undefined) return undefined
  const length = Math.ceil(Math.ceil(layout.totalLengthBytes / layout.pieceLengthBytes) / 8)
  if (havePieces instanceof Uint8Array && havePieces.byteLength === length) return havePieces
  throw new TypeError(`openStorage must answer with havePieces of exactly ${length} bytes, or without`)
}

const outcomeByCode: ReadonlyMap<unknown, number> = new Map([
  ['STORAGE_NO_SPACE', Outcome.noSpace],
  ['ENOSPC', Outcome.noSpace],
  ['EDQUOT', Outcome.noSpace],
  ['STORAGE_PIECE_NOT_FOUND', Outcome.notFound],
])

/** What libtorrent shall make of an error: only its code crosses the border, the error itself stays here. */
export function outcomeOf(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return outcomeByCode.get(code) ?? Outcome.io
}
