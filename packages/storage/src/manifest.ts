import { createHash } from 'node:crypto'
import type { TorrentRecord } from './database.js'
import { StorageError } from './errors.js'
import { decodeLayout, encodeLayout } from './layout-codec.js'
import type { TorrentId, TorrentMetadata } from './torrent-layout.js'

/** Beside the chunks, what a library needs to know of a torrent when its database is gone. */
export interface Manifest {
  readonly record: TorrentRecord
  /**
   * 32 bytes a chunk of the torrent, in the order of their ordinals, zeroes where a key was not known. What
   * the torrent had once: whether the chunks are there is for the reader to see.
   */
  readonly chunkKeys?: Uint8Array
}

/** `partial`: the torrent was added. `complete`: all its chunks had keys. */
export type ManifestKind = 'partial' | 'complete'

export const manifestKinds = ['complete', 'partial'] as const satisfies readonly ManifestKind[]

export function manifestName(id: TorrentId, kind: ManifestKind): string {
  return `${id}.${kind}`
}

/** `undefined` for a name that `manifestName` does not make. */
export function parseManifestName(name: string): { id: TorrentId; kind: ManifestKind } | undefined {
  const [, id, kind] = /^([0-9a-z-]+)\.(partial|complete)$/.exec(name) ?? []
  return id === undefined ? undefined : { id: id as TorrentId, kind: kind as ManifestKind }
}

/*
 * 8 bytes that say what it is, version, SHA-256 of all the rest, then parts: a byte that says which, the
 * length, the bytes. Numbers are 32 bits, little endian. The digest covers the version too, so that a version
 * is only believed, and said to be newer, in a manifest that is whole.
 */
const magic = Buffer.from('bae\0\r\n\x1am')
const version = 1
const versionOffset = 8
const digestOffset = 12
const partsOffset = digestOffset + 32
const partHeadBytes = 5

/** Does not compile when metadata grows: what is new needs a number here, and manifests are written anew. */
const metadataParts = { infoSection: 3, pieceHashesV1: 4, pieceHashesV2: 6 } as const satisfies Record<
  keyof TorrentMetadata,
  number
>
const headPart = 1
const layoutPart = 2
const keysPart = 5

interface Head {
  readonly id: TorrentId
  readonly chunkSizeBytes: number
  readonly addedAtMs: number
}

export async function encodeManifest({ record, chunkKeys }: Manifest): Promise<Uint8Array> {
  const { id, chunkSizeBytes, addedAtMs, layout, metadata } = record
  const head: Head = { id, chunkSizeBytes, addedAtMs }
  const parts: [number, Uint8Array][] = [
    [headPart, new TextEncoder().encode(JSON.stringify(head))],
    [layoutPart, await encodeLayout(layout)],
  ]
  for (const [name, part] of Object.entries(metadataParts)) {
    const bytes = metadata[name as keyof TorrentMetadata]
    if (bytes !== undefined) parts.push([part, bytes])
  }
  if (chunkKeys !== undefined) parts.push([keysPart, chunkKeys])
  const start = Buffer.alloc(partsOffset)
  magic.copy(start)
  start.writeUInt32LE(version, versionOffset)
  const bytes = Buffer.concat([
    start,
    ...parts.flatMap(([part, content]) => [partHead(part, content), content]),
  ])
  digestOf(bytes).copy(bytes, digestOffset)
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Rejects STORAGE_CORRUPT for bytes that are not a whole manifest, STORAGE_NEWER_VERSION for one of a newer bae. */
export async function decodeManifest(encoded: Uint8Array): Promise<Manifest> {
  const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length)
  const whole = bytes.length >= partsOffset && bytes.subarray(0, magic.length).equals(magic)
  if (!whole || !digestOf(bytes).equals(bytes.subarray(digestOffset, partsOffset))) {
    throw new StorageError('STORAGE_CORRUPT', 'a manifest is damaged: its bytes are not those of its digest')
  }
  const written = bytes.readUInt32LE(versionOffset)
  if (written > version) {
    const message = `a manifest of version ${written} was written by a newer bae`
    throw new StorageError('STORAGE_NEWER_VERSION', message)
  }
  const parts = readParts(bytes)
  const head = JSON.parse(new TextDecoder().decode(partOf(parts, headPart))) as Head
  const hashesV1 = parts.get(metadataParts.pieceHashesV1)
  const hashesV2 = parts.get(metadataParts.pieceHashesV2)
  const chunkKeys = parts.get(keysPart)
  return {
    record: {
      ...head,
      layout: await decodeLayout(partOf(parts, layoutPart)),
      metadata: {
        infoSection: partOf(parts, metadataParts.infoSection),
        ...(hashesV1 === undefined ? {} : { pieceHashesV1: hashesV1 }),
        ...(hashesV2 === undefined ? {} : { pieceHashesV2: hashesV2 }),
      },
    },
    ...(chunkKeys === undefined ? {} : { chunkKeys }),
  }
}

/** Of everything but itself. */
function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256')
    .update(bytes.subarray(0, digestOffset))
    .update(bytes.subarray(partsOffset))
    .digest()
}

function partHead(part: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(partHeadBytes)
  head.writeUInt8(part)
  head.writeUInt32LE(content.length, 1)
  return head
}

/** Copies: a part must not keep the whole manifest in memory. */
function readParts(bytes: Buffer): ReadonlyMap<number, Uint8Array> {
  const parts = new Map<number, Uint8Array>()
  for (let at = partsOffset; at < bytes.length; ) {
    const start = at + partHeadBytes
    const end = start + bytes.readUInt32LE(at + 1)
    parts.set(bytes.readUInt8(at), Uint8Array.from(bytes.subarray(start, end)))
    at = end
  }
  return parts
}

function partOf(parts: ReadonlyMap<number, Uint8Array>, part: number): Uint8Array {
  const bytes = parts.get(part)
  if (bytes === undefined) throw new StorageError('STORAGE_CORRUPT', `a manifest has no part ${part}`)
  return bytes
}
