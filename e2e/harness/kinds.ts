import { createHash } from 'node:crypto'
import { chmod, mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { bencode } from './bencode.js'
import { type HandmadeFile, makeHandmadeTorrent } from './handmade-torrent.js'
import { PseudoRandomBytes } from './payload.js'
import { gibibyte, kibibyte, mebibyte } from './sizes.js'
import { makeTorrent, type TorrentFile, type TorrentKind } from './torrent-maker.js'

/** All that a tree can have: an empty file, one of a byte, equal files, an executable one, links to a file, a folder, a link and out. */
export async function makeEverything(folder: string, kind: TorrentKind): Promise<TorrentFile> {
  // Other bytes for each kind: a file that a library has is not fetched again.
  const name = `everything ${kind}`
  const path = join(folder, name)
  const sizes = {
    empty: 0,
    one: 1,
    'run.sh': 120_000,
    'sub/data': 250_000,
    'sub/deep/odd': 33_333,
    twin: 70_000,
  }
  for (const [file, lengthBytes] of Object.entries(sizes)) {
    await mkdir(dirname(join(path, file)), { recursive: true })
    await writeFile(join(path, file), new PseudoRandomBytes(`${kind} ${file}`).next(lengthBytes))
  }
  await writeFile(join(path, 'sub', 'twin'), new PseudoRandomBytes(`${kind} twin`).next(70_000))
  await chmod(join(path, 'run.sh'), 0o755)
  await symlink('sub/data', join(path, 'link'))
  await symlink('link', join(path, 'chain'))
  await symlink('deep', join(path, 'sub', 'folder link'))
  await symlink('../one', join(path, 'sub', 'up'))
  await symlink('/etc/passwd', join(path, 'out'))
  const totalBytes = Object.values(sizes).reduce((sum, bytes) => sum + bytes, 70_000)
  const content = { folder, name, path, totalBytes }
  const torrent = await makeTorrent(content, 32 * kibibyte, join(folder, `${name}.torrent`), kind)
  // libtorrent has it point to itself, and does not seed beside one that does not.
  await rm(join(path, 'out'))
  return torrent
}

/** A single file of these bytes. */
export async function makeSingle(
  folder: string,
  bytes: Uint8Array,
  pieceLengthBytes: number,
  kind: TorrentKind,
): Promise<TorrentFile> {
  const name = `single of ${bytes.length} ${kind}`
  const content = { folder, name, path: join(folder, name), totalBytes: bytes.length }
  await writeFile(content.path, bytes)
  return makeTorrent(content, pieceLengthBytes, join(folder, `${name}.torrent`), kind)
}

/** v1 with padding that fills whole pieces, within and at the end, and some that is shorter than a block. */
export async function makeLongPadding(folder: string): Promise<TorrentFile> {
  const name = 'long padding'
  const pieceLengthBytes = 32 * kibibyte
  const file = (path: string, lengthBytes: number): HandmadeFile => ({
    path: [path],
    bytes: new PseudoRandomBytes(`padding ${path}`).next(lengthBytes),
  })
  const padding = (lengthBytes: number): HandmadeFile => ({
    path: ['.pad', String(lengthBytes)],
    bytes: new Uint8Array(lengthBytes),
    attr: 'p',
  })
  const [a, b, c] = [file('a', 200_000), file('b', 50_000), file('c', 12_345)]
  const files = [a, padding(3 * pieceLengthBytes + 100), b, padding(777), c, padding(2 * pieceLengthBytes)]
  await mkdir(join(folder, name))
  for (const { path, bytes } of [a, b, c]) await writeFile(join(folder, name, String(path[0])), bytes)
  const path = join(folder, `${name}.torrent`)
  await writeFile(path, makeHandmadeTorrent(name, files, pieceLengthBytes).torrentFile)
  const content = { folder, name, path: join(folder, name), totalBytes: 262_345 }
  return { path, content, pieceLengthBytes }
}

/** v1: a hole of 5 GiB, and behind it a file of 300,000 bytes in the same piece as the end of the hole. */
export async function makeBeyondFourGibibytes(folder: string): Promise<TorrentFile> {
  const name = 'beyond 4 GiB'
  const pieceLengthBytes = 4 * mebibyte
  const holeBytes = 5 * gibibyte + 12_345
  const small = new PseudoRandomBytes(name).next(300_000)
  await mkdir(join(folder, name))
  await writeFile(join(folder, name, 'hole'), '')
  await truncate(join(folder, name, 'hole'), holeBytes)
  await writeFile(join(folder, name, 'small'), small)
  const hashOf = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest()
  const zeroes = hashOf(new Uint8Array(pieceLengthBytes))
  const wholePieces = Math.floor(holeBytes / pieceLengthBytes)
  const last = Buffer.concat([new Uint8Array(holeBytes % pieceLengthBytes), small])
  const info = {
    name,
    'piece length': pieceLengthBytes,
    pieces: Buffer.concat([...Array.from({ length: wholePieces }, () => zeroes), hashOf(last)]),
    files: [
      { length: holeBytes, path: ['hole'] },
      { length: small.length, path: ['small'] },
    ],
  }
  const path = join(folder, `${name}.torrent`)
  await writeFile(path, bencode({ info }))
  const content = { folder, name, path: join(folder, name), totalBytes: holeBytes + small.length }
  return { path, content, pieceLengthBytes }
}
