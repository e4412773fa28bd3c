import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findLibraryFolder, openLibraryFolder } from '../src/library/library-folder.js'
import { TemporaryFolder } from './support/temporary-folder.js'

describe('a library folder', () => {
  it('is not made by looking for it', async () => {
    await using folder = await TemporaryFolder.create()
    expect(await findLibraryFolder(join(folder.path, 'library'))).toBeUndefined()
    expect(await readdir(folder.path)).toEqual([])
  })

  it('is made once and found again', async () => {
    await using folder = await TemporaryFolder.create()
    const directory = join(folder.path, 'deep', 'library')
    const made = await openLibraryFolder(directory)
    expect(made).toMatchObject({
      directory,
      storeDirectory: join(directory, 'store'),
      chunkSizeBytes: 1024 * 1024,
    })
    expect(made.schema).toMatch(/^bae_[0-9a-f]{32}$/)
    expect(await openLibraryFolder(directory)).toEqual(made)
    expect(await findLibraryFolder(directory)).toEqual(made)
    expect((await readdir(directory)).sort()).toEqual(['library.json', 'store'])
  })

  it('made by many at once is one library', async () => {
    await using folder = await TemporaryFolder.create()
    const made = await Promise.all(Array.from({ length: 20 }, () => openLibraryFolder(folder.path)))
    expect(new Set(made.map(({ id }) => id)).size).toBe(1)
    expect((await readdir(folder.path)).sort()).toEqual(['library.json', 'store'])
  })

  it('keeps the chunk size it was made with', async () => {
    await using folder = await TemporaryFolder.create()
    const { id } = await openLibraryFolder(folder.path)
    await writeFile(
      join(folder.path, 'library.json'),
      JSON.stringify({ formatVersion: 1, id, chunkSizeBytes: 65_536 }),
    )
    expect((await openLibraryFolder(folder.path)).chunkSizeBytes).toBe(65_536)
  })

  it.each([
    ['no JSON', '{"formatVersion"', /damaged/],
    ['another JSON', '[]', /damaged/],
    ['an id that is none', '{"formatVersion":1,"id":"x; drop","chunkSizeBytes":1048576}', /damaged/],
    ['a newer format', '{"formatVersion":2}', /newer bae/],
    [
      'an odd chunk size',
      `{"formatVersion":1,"id":"${'0'.repeat(32)}","chunkSizeBytes":100000}`,
      /chunk size/,
    ],
  ])('with %s is refused and left as it is', async (_, text, message) => {
    await using folder = await TemporaryFolder.create()
    const path = join(folder.path, 'library.json')
    await writeFile(path, text)
    await expect(openLibraryFolder(folder.path)).rejects.toMatchObject({
      code: 'IMPORT_LIBRARY_INVALID',
      message: expect.stringMatching(message),
    })
    expect(await readFile(path, 'utf8')).toBe(text)
  })

  it('below a file cannot be written', async () => {
    await using folder = await TemporaryFolder.create()
    await writeFile(join(folder.path, 'file'), '')
    const below = join(folder.path, 'file', 'library')
    await expect(openLibraryFolder(below)).rejects.toMatchObject({ code: 'IMPORT_LIBRARY_UNWRITABLE' })
  })

  it('where the system makes no folders is refused, and does not hang', async () => {
    const opening = openLibraryFolder('/proc/bae-test/library')
    await expect(opening).rejects.toMatchObject({ code: 'IMPORT_LIBRARY_UNWRITABLE' })
  })
})
