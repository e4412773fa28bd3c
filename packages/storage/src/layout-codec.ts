import { promisify } from 'node:util'
import { deflateRaw, inflateRaw, inflateRawSync } from 'node:zlib'
import { StorageError } from './errors.js'
import type { FileLayout, TorrentLayout } from './torrent-layout.js'

const compress = promisify(deflateRaw)
const decompress = promisify(inflateRaw)

/** So many compressed bytes are unpacked where they are: handing them to a thread and back takes ten times as long. */
const smallBytes = 4_096

const kinds = ['file', 'padding', 'symlink'] as const

/**
 * Of a file: path, offset, length, kind, executable, the raw path in base64 where it is not UTF-8, its root in base64,
 * what a symlink points to.
 */
type PackedFile = [
  string[],
  number,
  number,
  number,
  0 | 1,
  (string[] | null)?,
  (string | null)?,
  (readonly string[])?,
]

interface PackedLayout {
  readonly version: 1
  readonly layout: Omit<TorrentLayout, 'files'>
  /** Index and file: the indices of a layout need not be without gaps. */
  readonly files: readonly [number, PackedFile][]
}

/** A layout as compressed JSON: 100,000 files with long names are a few hundred KiB. */
export async function encodeLayout({ files, ...layout }: TorrentLayout): Promise<Uint8Array> {
  const packed: PackedLayout = {
    version: 1,
    layout,
    files: files.map((file) => [file.index, packFile(file)]),
  }
  return await compress(JSON.stringify(packed))
}

export async function decodeLayout(bytes: Uint8Array): Promise<TorrentLayout> {
  const json = bytes.length <= smallBytes ? inflateRawSync(bytes) : await decompress(bytes)
  const packed = JSON.parse(json.toString()) as PackedLayout
  if (packed.version !== 1) {
    throw new StorageError(
      'STORAGE_NEWER_VERSION',
      `a layout of version ${packed.version} was written by a newer bae`,
    )
  }
  return { ...packed.layout, files: packed.files.map(([index, file]) => unpackFile(index, file)) }
}

function packFile(file: FileLayout): PackedFile {
  const packed: PackedFile = [
    [...file.path],
    file.offsetBytes,
    file.lengthBytes,
    kinds.indexOf(file.kind),
    file.executable ? 1 : 0,
  ]
  const { pathBytes, piecesRoot, symlinkTarget } = file
  if (pathBytes === undefined && piecesRoot === undefined && symlinkTarget === undefined) return packed
  packed.push(pathBytes?.map((component) => Buffer.from(component).toString('base64')) ?? null)
  if (piecesRoot === undefined && symlinkTarget === undefined) return packed
  packed.push(piecesRoot === undefined ? null : Buffer.from(piecesRoot, 'hex').toString('base64'))
  if (symlinkTarget !== undefined) packed.push(symlinkTarget)
  return packed
}

function unpackFile(
  index: number,
  [path, offsetBytes, lengthBytes, kind, executable, raw, root, target]: PackedFile,
): FileLayout {
  return {
    index,
    path,
    offsetBytes,
    lengthBytes,
    kind: kinds[kind] ?? 'file',
    executable: executable === 1,
    ...(target === undefined ? {} : { symlinkTarget: target }),
    ...(root == null ? {} : { piecesRoot: Buffer.from(root, 'base64').toString('hex') }),
    ...(raw == null
      ? {}
      : { pathBytes: raw.map((component) => new Uint8Array(Buffer.from(component, 'base64'))) }),
  }
}
