import { constants } from 'node:os'
import type { NativeErrorCode } from './errors.js'
import { lending } from './lent-bytes.js'
import type { StorageHandler } from './native-session.js'
import type { PieceHashes, TorrentLayout, TorrentMetadata } from './torrent-layout.js'

/** The numbers are shared with cpp/disk/storage_request.h. */
export const RequestKind = {
  openStorage: 0,
  writePiece: 1,
  readPiece: 2,
  completePiece: 3,
  clearPiece: 4,
  closeStorage: 5,
  torrentGone: 6,
  hashPiece: 7,
  torrentAdded: 8,
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
      readonly blockHashes?: Uint8Array | undefined
    })
  | (OfPiece & {
      readonly kind: typeof RequestKind.readPiece
      readonly offset: number
      readonly length: number
      /** Lent until it is settled. */
      readonly into?: Uint8Array | undefined
    })
  | (OfPiece & {
      readonly kind: typeof RequestKind.hashPiece
      readonly sha1: boolean
      /** How many. */
      readonly sha256Blocks: number
    })
  | (OfPiece & { readonly kind: typeof RequestKind.completePiece | typeof RequestKind.clearPiece })
  | (OfStorage & { readonly kind: typeof RequestKind.closeStorage; readonly deleteData: boolean })
  | (OfStorage & { readonly kind: typeof RequestKind.torrentGone; readonly torrentId: string })
  | (OfStorage & {
      readonly kind: typeof RequestKind.torrentAdded
      readonly torrentId: string
      /** Of why it was not added; '' where it was. */
      readonly errorCode: NativeErrorCode | ''
      readonly errorMessage: string
    })

/** A request for the handler, as opposed to word that a torrent is there, or gone. */
export type HandlerRequest = Exclude<
  StorageRequest,
  { kind: typeof RequestKind.torrentGone | typeof RequestKind.torrentAdded }
>

/** How a request ended; the numbers are shared with cpp/disk/storage_request.h, where the missing ones are made. */
export const Outcome = {
  ok: 0,
  notFound: 1,
  noSpace: 2,
  io: 4,
  readOnly: 6,
  accessDenied: 7,
  notPermitted: 8,
  fileTooLarge: 9,
  outOfMemory: 10,
  unavailable: 11,
  corrupt: 12,
  closed: 13,
} as const

/** What C++ wants to know of a call that succeeded. */
export interface Answer {
  readonly bytes?: Uint8Array
  readonly blockHashes?: boolean
  readonly offersDigests?: boolean
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
      return {
        ...(bytes && { bytes }),
        blockHashes: opened?.blockHashes === true,
        offersDigests: handler.hashPiece !== undefined && opened?.hashPieces !== false,
      }
    }
    case RequestKind.writePiece: {
      const { piece, offset, bytes, blockHashes } = request
      await lending(bytes, () => handler.writePiece(storageIndex, piece, offset, bytes, blockHashes))
      return {}
    }
    case RequestKind.readPiece: {
      const { piece, offset, length, into } = request
      const bytes = await lending(into, () => handler.readPiece(storageIndex, piece, offset, length, into))
      return { bytes: checkedBytes(bytes, length) }
    }
    case RequestKind.hashPiece: {
      const want = { sha1: request.sha1, sha256Blocks: request.sha256Blocks > 0 }
      const hashes = await handler.hashPiece?.(storageIndex, request.piece, want)
      return hashes === undefined ? {} : { bytes: checkedDigests(hashes, request) }
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

const SHA1_BYTES = 20
const SHA256_BYTES = 32

/** The SHA-1, where it was asked for, and then the blocks, as C++ reads them. */
function checkedDigests(
  hashes: PieceHashes,
  wanted: { readonly sha1: boolean; readonly sha256Blocks: number },
): Uint8Array {
  const blocks = wanted.sha256Blocks > 0 ? hashes.sha256Blocks : []
  if (!Array.isArray(blocks) || blocks.length !== wanted.sha256Blocks) {
    throw new TypeError(
      `hashPiece must answer with ${wanted.sha256Blocks} digests of blocks, or with nothing`,
    )
  }
  const digests: Uint8Array[] = blocks.map((block) => checkedDigest(block, SHA256_BYTES))
  if (wanted.sha1) digests.unshift(checkedDigest(hashes.sha1, SHA1_BYTES))
  return Buffer.concat(digests)
}

function checkedDigest(digest: unknown, length: number): Uint8Array {
  if (digest instanceof Uint8Array && digest.byteLength === length) return digest
  throw new TypeError(`hashPiece must answer with digests of exactly ${length} bytes each, or with nothing`)
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
  // Node has no name for a quota that is used up.
  [`Unknown system error -${constants.errno.EDQUOT}`, Outcome.noSpace],
  ['EROFS', Outcome.readOnly],
  ['EACCES', Outcome.accessDenied],
  ['EPERM', Outcome.notPermitted],
  ['EFBIG', Outcome.fileTooLarge],
  ['ENOMEM', Outcome.outOfMemory],
  ['ERR_MEMORY_ALLOCATION_FAILED', Outcome.outOfMemory],
  ['STORAGE_UNAVAILABLE', Outcome.unavailable],
  ['STORAGE_PIECE_NOT_FOUND', Outcome.notFound],
  ['STORAGE_CORRUPT', Outcome.corrupt],
  ['STORAGE_CHUNK_MISSING', Outcome.corrupt],
  ['STORAGE_CLOSED', Outcome.closed],
])

/** Errors of errors: further down nobody has put anything yet. */
const DEEPEST_CAUSE = 8

/**
 * What libtorrent shall make of an error: only its code crosses the border, the error itself stays here. Where a code
 * says nothing to libtorrent (STORAGE_IO), that of its cause may.
 */
export function outcomeOf(error: unknown): number {
  try {
    let each = error
    for (let depth = 0; depth < DEEPEST_CAUSE && each instanceof Error; depth++) {
      const outcome = outcomeByCode.get('code' in each ? each.code : undefined)
      if (outcome !== undefined) return outcome
      each = each.cause
    }
  } catch {
    // An error that fails when it is looked at is one without a code.
  }
  return Outcome.io
}
