import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { TorrentLayout } from '@bae/storage'
import { describe, expect, it } from 'vitest'
import { exportTorrent } from '../src/export-torrent.js'
import { FakeLibrary } from '../src/testing/fake-library.js'
import { layoutOf, torrentId } from './support/records.js'
import { TemporaryFolder } from './support/temporary-folder.js'

const id = torrentId('1')

/** Each byte of a file is the index of the file, in parts of 3 bytes. */
function libraryOf(layout: TorrentLayout) {
  const library = new FakeLibrary()
  library.save(id, layout, [0])
  library.contents = function* (fileIndex) {
    const bytes = new Uint8Array(layout.files[fileIndex]?.lengthBytes ?? 0).fill(fileIndex)
    for (let offset = 0; offset < bytes.length; offset += 3) yield bytes.subarray(offset, offset + 3)
  }
  return { library, torrent: { id, layout, completedPieces: Uint8Array.of(0xff) } }
}

/** Links are not followed. */
async function tree(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.map(({ parentPath, name }) => relative(directory, join(parentPath, name))).sort()
}

describe('exportTorrent', () => {
  const layout = layoutOf({ 'cd 1/a.wav': 7, 'cd 1/empty': 0, 'cover é.png': 2 })

  it('writes every file, the empty ones too, and nothing else', async () => {
    await using folder = await TemporaryFolder.create()
    const target = join(folder.path, 'new', 'place')
    const exported = await exportTorrent(libraryOf(layout), target)
    expect(exported).toEqual({ path: join(target, 'album'), files: 3, bytes: 9, unselected: 0, links: 0 })
    expect(await tree(target)).toEqual([
      'album',
      'album/cd 1',
      'album/cd 1/a.wav',
      'album/cd 1/empty',
      'album/cover é.png',
    ])
    expect([...(await readFile(join(target, 'album', 'cover é.png')))]).toEqual([2, 2])
  })

  it('writes the selected files alone, where they would be among all', async () => {
    await using folder = await TemporaryFolder.create()
    const twins = layoutOf({ 'a/b': 1, c: 2 })
    const files = twins.files.map((file) => ({ ...file, path: ['a', 'b'] }))
    const parts = { ...libraryOf({ ...twins, files }), selectedFiles: [1] }
    const exported = await exportTorrent(parts, folder.path)
    expect(exported).toMatchObject({ files: 1, bytes: 2, unselected: 1 })
    expect(await tree(folder.path)).toEqual(['album', 'album/a', 'album/a/b (2)'])
  })

  it('writes a single file without a folder', async () => {
    await using folder = await TemporaryFolder.create()
    const single = layoutOf({ 'song.wav': 5 }, { name: 'song.wav', singleFile: true })
    const exported = await exportTorrent(libraryOf(single), folder.path)
    expect(exported).toEqual({
      path: join(folder.path, 'song.wav'),
      files: 1,
      bytes: 5,
      unselected: 0,
      links: 0,
    })
    expect(await tree(folder.path)).toEqual(['song.wav'])
  })

  it.each([false, true])('never overwrites (single file: %s)', async (singleFile) => {
    await using folder = await TemporaryFolder.create()
    await writeFile(join(folder.path, 'album'), 'mine')
    const exporting = exportTorrent(libraryOf({ ...layout, singleFile }), folder.path)
    await expect(exporting).rejects.toMatchObject({ code: 'IMPORT_EXPORT_EXISTS' })
    expect(await readFile(join(folder.path, 'album'), 'utf8')).toBe('mine')
    expect(await tree(folder.path)).toEqual(['album'])
  })

  it('refuses before it reads a byte', async () => {
    await using folder = await TemporaryFolder.create()
    await mkdir(join(folder.path, 'album'))
    const parts = libraryOf(layout)
    let reads = 0
    parts.library.contents = () => {
      reads += 1
      return []
    }
    await expect(exportTorrent(parts, folder.path)).rejects.toMatchObject({ code: 'IMPORT_EXPORT_EXISTS' })
    expect(reads).toBe(0)
  })

  it('does not write through a link that is in the way', async () => {
    await using folder = await TemporaryFolder.create()
    const elsewhere = join(folder.path, 'elsewhere')
    const target = join(folder.path, 'target')
    await mkdir(elsewhere)
    await mkdir(target)
    await symlink(elsewhere, join(target, 'album'))
    await expect(exportTorrent(libraryOf(layout), target)).rejects.toMatchObject({
      code: 'IMPORT_EXPORT_EXISTS',
    })
    expect(await tree(elsewhere)).toEqual([])
  })

  it('refuses what appears in its place while it writes', async () => {
    await using folder = await TemporaryFolder.create()
    const parts = libraryOf(layoutOf({ 'song.wav': 1 }, { name: 'song.wav', singleFile: true }))
    parts.library.contents = async function* () {
      await writeFile(join(folder.path, 'song.wav'), 'theirs')
      yield Uint8Array.of(0)
    }
    await expect(exportTorrent(parts, folder.path)).rejects.toMatchObject({ code: 'IMPORT_EXPORT_EXISTS' })
    expect(await readFile(join(folder.path, 'song.wav'), 'utf8')).toBe('theirs')
    expect(await tree(folder.path)).toEqual(['song.wav'])
  })

  it('leaves nothing when it fails, not even folders that it made', async () => {
    await using folder = await TemporaryFolder.create()
    const parts = libraryOf(layout)
    parts.library.contents = function* (fileIndex) {
      if (fileIndex === 2) throw new Error('the chunk is gone')
      yield new Uint8Array(layout.files[fileIndex]?.lengthBytes ?? 0)
    }
    const exporting = exportTorrent(parts, join(folder.path, 'new', 'place'))
    await expect(exporting).rejects.toMatchObject({ code: 'IMPORT_EXPORT_FAILED' })
    expect(await tree(folder.path)).toEqual([])
  })

  it('tells how far it is, of what is selected', async () => {
    await using folder = await TemporaryFolder.create()
    const told: unknown[] = []
    const onProgress = (progress: unknown): void => void told.push(progress)
    await exportTorrent({ ...libraryOf(layout), selectedFiles: [0, 1] }, folder.path, { onProgress })
    expect(told).toEqual([3, 6, 7].map((writtenBytes) => ({ writtenBytes, totalBytes: 7 })))
  })

  it('says so where a part of the path is a file', async () => {
    await using folder = await TemporaryFolder.create()
    await writeFile(join(folder.path, 'file'), 'theirs')
    await expect(exportTorrent(libraryOf(layout), join(folder.path, 'file'))).rejects.toMatchObject({
      code: 'IMPORT_EXPORT_FAILED',
      message: expect.stringMatching(/a part of the path is a file$/),
    })
    expect(await tree(folder.path)).toEqual(['file'])
  })

  it('takes a file that is too short for damage, not for its end', async () => {
    await using folder = await TemporaryFolder.create()
    const parts = libraryOf(layout)
    parts.library.contents = () => [Uint8Array.of(1)]
    await expect(exportTorrent(parts, folder.path)).rejects.toMatchObject({ code: 'IMPORT_CORRUPT' })
    expect(await tree(folder.path)).toEqual([])
  })

  it('stops when it is told to, with the reason', async () => {
    await using folder = await TemporaryFolder.create()
    const stop = new AbortController()
    const parts = libraryOf(layout)
    parts.library.contents = function* () {
      stop.abort(new RangeError('enough'))
      yield Uint8Array.of(0)
    }
    await expect(exportTorrent(parts, folder.path, { signal: stop.signal })).rejects.toThrow('enough')
    expect(await tree(folder.path)).toEqual([])
  })

  it('keeps hostile names below the folder', async () => {
    await using folder = await TemporaryFolder.create()
    const hostile = layoutOf({ '../../outside': 1, '/abs/file': 1 }, { name: '../../album' })
    await exportTorrent(libraryOf(hostile), join(folder.path, 'inside'))
    expect(await readdir(folder.path)).toEqual(['inside'])
    expect(await tree(join(folder.path, 'inside'))).toContain('.._.._album/__/__/outside')
  })

  describe('of a torrent with attributes', () => {
    const linked = layoutOf({ 'run.sh': 1, 'a/b/file': 1, other: 1 })
    const linkTo = (path: string, symlinkTarget: readonly string[]) => ({
      ...{ path: path.split('/'), symlinkTarget, offsetBytes: 3, lengthBytes: 0, executable: false },
      kind: 'symlink' as const,
    })
    const links = [
      linkTo('link', ['a', 'b', 'file']),
      linkTo('a/up', ['run.sh']),
      linkTo('a/folder', ['a', 'b']),
      linkTo('new/top', []),
      linkTo('itself', ['itself']),
      linkTo('gone', ['..', '..', 'etc', 'passwd']),
      linkTo('a/b/file', ['other']),
      linkTo('../outside', ['other']),
    ]
    const files = [
      ...linked.files.map((file) => ({ ...file, executable: file.index === 0 })),
      ...links.map((file, position) => ({ ...file, index: 3 + position })),
    ]
    const attributes = { ...linked, files }

    it('makes neither links nor executable files unless it is asked to', async () => {
      await using folder = await TemporaryFolder.create()
      await exportTorrent(libraryOf(attributes), folder.path)
      expect(await tree(join(folder.path, 'album'))).toEqual(['a', 'a/b', 'a/b/file', 'other', 'run.sh'])
      expect((await stat(join(folder.path, 'album', 'run.sh'))).mode & 0o111).toBe(0)
    })

    it('makes them when it is, each link within the folder and beside what has its name', async () => {
      await using folder = await TemporaryFolder.create()
      const exported = await exportTorrent(libraryOf(attributes), folder.path, { attributes: true })
      expect(exported).toMatchObject({ files: 3, links: 6 })
      const album = join(folder.path, 'album')
      const found = { link: 'a/b/file', 'a/up': '../run.sh', 'a/folder': 'b', 'new/top': '..' }
      const moved = { 'a/b/file (2)': '../../other', '__/outside': '../other' }
      for (const [path, target] of Object.entries({ ...found, ...moved }))
        expect([path, await readlink(join(album, path))]).toEqual([path, target])
      expect(await readdir(album)).not.toContain('itself')
      expect((await stat(join(album, 'run.sh'))).mode & 0o100).toBe(0o100)
      expect((await stat(join(album, 'other'))).mode & 0o111).toBe(0)
    })

    it('makes links to links and through links, as far as they lead to something', async () => {
      await using folder = await TemporaryFolder.create()
      const chain = [
        linkTo('first', ['second']),
        linkTo('second', ['a', 'third']),
        linkTo('a/third', ['a', 'b', 'file']),
        linkTo('door', ['a', 'b']),
        linkTo('through', ['door', 'file']),
        linkTo('one', ['other one']),
        linkTo('other one', ['one']),
        linkTo('no one', ['second', 'nothing']),
        ...Array.from({ length: 45 }, (_, place) => linkTo(`far ${place}`, [`far ${place + 1}`])),
        linkTo('far 45', ['other']),
      ]
      const layout = {
        ...linked,
        files: [...linked.files, ...chain.map((file, position) => ({ ...file, index: 3 + position }))],
      }
      const album = join(folder.path, 'album')
      expect(await exportTorrent(libraryOf(layout), folder.path, { attributes: true })).toMatchObject({
        links: 5 + 40,
      })
      const found = {
        first: 'second',
        second: 'a/third',
        'a/third': 'b/file',
        door: 'a/b',
        through: 'a/b/file',
      }
      for (const [path, target] of Object.entries(found)) {
        expect([path, await readlink(join(album, path))]).toEqual([path, target])
        expect((await stat(join(album, path))).isFile()).toBe(path !== 'door')
      }
      expect(await readFile(join(album, 'far 6'))).toEqual(Buffer.from([2]))
      expect(await tree(album)).not.toContain('far 5')
    })

    it('makes no link to a file that is not selected', async () => {
      await using folder = await TemporaryFolder.create()
      const some = { ...libraryOf(attributes), selectedFiles: [2] }
      expect(await exportTorrent(some, folder.path, { attributes: true })).toMatchObject({ links: 3 })
      expect(await tree(join(folder.path, 'album'))).toEqual(
        ['__', '__/outside', 'a', 'a/b', 'a/b/file (2)', 'new', 'new/top', 'other'].sort(),
      )
    })
  })
})
