import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseTorrentFile } from '@bae/native'
import { PseudoRandomBytes } from './payload.js'
import { kibibyte } from './sizes.js'
import { makeTorrent, type TorrentFile } from './torrent-maker.js'

/** Bytes in a .torrent by others of the same length; of v2 they must not change the order of names. */
const strangeNames = [
  { from: 'folder A', to: 'folder \xff', libtorrent: 'folder _' },
  { from: 'name A.bin', to: 'name \xfd.bin', libtorrent: 'name _.bin' },
  { from: 'name B.bin', to: 'name \xfe.bin', libtorrent: 'name _.bin' },
]
/** Only v1 can say the same name twice. */
const nameTwice = { from: 'twin 2', to: 'twin 1', libtorrent: 'twin 1' }

/** Names that are not UTF-8, and two that are one: as libtorrent reads them, and in v1 as the torrent says them. */
export async function makeStrangeNames(folder: string, kind: 'v1' | 'v2' | 'hybrid'): Promise<TorrentFile> {
  const name = `strange names ${kind}`
  const path = join(folder, name)
  const sizes = {
    'folder A/name A.bin': 150_000,
    'folder A/name B.bin': 99_999,
    'twin 1': 70_000,
    'twin 2': 50_001,
  }
  await mkdir(join(path, 'folder A'), { recursive: true })
  for (const [file, lengthBytes] of Object.entries(sizes))
    await writeFile(join(path, file), new PseudoRandomBytes(`${name} ${file}`).next(lengthBytes))
  const totalBytes = Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0)
  const content = { folder, name, path, totalBytes }
  const torrent = await makeTorrent(content, 32 * kibibyte, join(folder, `${name}.torrent`), kind)
  const changes = kind === 'v1' ? [...strangeNames, nameTwice] : strangeNames
  const plain = await readFile(torrent.path)
  let strange = plain.toString('latin1')
  for (const { from, to } of changes) strange = strange.replaceAll(from, to)
  await writeFile(torrent.path, strange, 'latin1')
  await renameAsLibtorrentDoes(path, plain, changes)
  return torrent
}

/** So that it can seed them: what was called so before, in the torrent's order, gets a number. */
async function renameAsLibtorrentDoes(
  root: string,
  torrentFile: Uint8Array,
  changes: readonly { readonly from: string; readonly libtorrent: string }[],
): Promise<void> {
  const taken = new Set<string>()
  for (const { kind, path } of parseTorrentFile(torrentFile).layout.files) {
    if (kind !== 'file') continue
    const from = path.join('/')
    const to = changes.reduce((place, change) => place.replace(change.from, change.libtorrent), from)
    const free = taken.has(to) ? to.replace(/(\.bin)?$/, '.1$1') : to
    taken.add(free)
    await mkdir(dirname(join(root, free)), { recursive: true })
    await rename(join(root, from), join(root, `${free} on its way`))
  }
  for (const place of taken) await rename(join(root, `${place} on its way`), join(root, place))
}
