import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportSnapshot } from '@bae/import-service'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CompletedEvent } from '../harness/bae-events.js'
import { BaeLibrary } from '../harness/bae-library.js'
import { bae, baeBytes, baeJson, baePath, importTorrent } from '../harness/bae-process.js'
import { expectFailure } from '../harness/expect-failure.js'
import { hasProgram, needs } from '../harness/foreign-program.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import type { TorrentFile } from '../harness/torrent-maker.js'
import { Workshop } from '../harness/workshop.js'

interface DoctorItem {
  readonly name: string
  readonly detail: string
}

const workshop = new Workshop()
let library: BaeLibrary
let tree: TorrentFile
let treeImport: CompletedEvent
let fileImport: CompletedEvent

beforeAll(async () => {
  library = await BaeLibrary.create()
  if (!hasProgram('python3-libtorrent')) return
  tree = await workshop.treeTorrent(256 * kibibyte)
  const file = await workshop.fileTorrent(5 * mebibyte + 3, mebibyte)
  await using seed = await LibtorrentSeed.start([tree, file])
  treeImport = await importTorrent(library, tree.path, [seed])
  fileImport = await importTorrent(library, file.path, [seed])
})

afterAll(async () => {
  await library.close()
  await workshop.close()
})

describe('list and show', () => {
  it('list prints one array, oldest first, and show one element of it', async (context) => {
    needs(context, 'python3-libtorrent')
    const listed = await baeJson<readonly ImportSnapshot[]>(library, ['list'])
    expect(listed.map((each) => each.id)).toEqual([treeImport.id, fileImport.id])
    expect(listed[0]).toMatchObject({
      infoHash: treeImport.infoHash,
      name: treeImport.name,
      state: 'completed',
    })
    for (const each of listed) expect(await baeJson(library, ['show', each.id])).toEqual(each)
  })

  it('a library that is not there yet has an empty list, and listing makes none', async () => {
    await using empty = await BaeLibrary.create()
    expect(await baeJson(empty, ['list'])).toEqual([])
    expect(await empty.size()).toEqual({ files: 0, bytes: 0 })
  })

  it('an import is found by id, by info hash, and by an unambiguous beginning of either', async (context) => {
    needs(context, 'python3-libtorrent')
    const { id, infoHash } = fileImport
    for (const name of [id, infoHash, infoHash.slice(0, 8), infoHash.toUpperCase(), id.slice(0, 20)]) {
      expect(await baeJson(library, ['show', name])).toMatchObject({ id })
    }
  })

  it('a beginning that fits two imports is refused', async (context) => {
    needs(context, 'python3-libtorrent')
    // Version 7 ids begin with the time, so two of one minute begin alike.
    await expectFailure(library, ['show', fileImport.id.slice(0, 6)], { code: 'IMPORT_AMBIGUOUS_ID' })
  })

  it('shows text that names the torrent to people', async (context) => {
    needs(context, 'python3-libtorrent')
    expect((await bae(library, ['list'])).stdout).toContain(fileImport.name)
    expect((await bae(library, ['show', fileImport.id])).stdout).toContain(fileImport.name)
  })
})

describe('cat', () => {
  it('writes the bytes of a file, whatever its name and size', async (context) => {
    needs(context, 'python3-libtorrent')
    const paths = treeImport.files.map((file) => file.path)
    for (const path of [paths[0], paths[7], paths[150], paths.find((each) => each.includes('日本語'))]) {
      const bytes = await baeBytes(library, ['cat', treeImport.id, path ?? ''])
      expect(sha256(bytes)).toBe(sha256(await readFile(join(tree.content.path, path ?? ''))))
    }
  })

  it('ends quietly when the reader has enough', async (context) => {
    needs(context, 'python3-libtorrent')
    const cat = `"${process.execPath}" "${baePath}" cat ${fileImport.id} "${fileImport.name}" | head -c 10 | wc -c`
    const shell = spawn('/bin/sh', ['-c', cat], { env: { ...process.env, ...library.env }, timeout: 60_000 })
    let [out, errors] = ['', '']
    shell.stdout.on('data', (text) => {
      out += text
    })
    shell.stderr.on('data', (text) => {
      errors += text
    })
    await once(shell, 'close')
    expect(out.trim()).toBe('10')
    expect(errors).toBe('')
  })

  it('a path that is not in the torrent is told', async (context) => {
    needs(context, 'python3-libtorrent')
    const result = await bae(library, ['cat', treeImport.id, 'no such file'])
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toContain('IMPORT_FILE_NOT_FOUND')
  })
})

describe('export', () => {
  it('refuses to overwrite, and leaves what is there as it was', async (context) => {
    needs(context, 'python3-libtorrent')
    const target = join(library.outputFolder, 'twice')
    expect(await bae(library, ['export', fileImport.id, target])).toMatchObject({ code: 0 })
    const before = sha256(await readFile(join(target, fileImport.name)))
    await expectFailure(library, ['export', fileImport.id, target], { code: 'IMPORT_EXPORT_EXISTS' })
    expect(sha256(await readFile(join(target, fileImport.name)))).toBe(before)
  })
})

describe('doctor and help', () => {
  it('doctor says what was found, also before there is a library', async () => {
    await using empty = await BaeLibrary.create()
    const { items } = await baeJson<{ readonly items: readonly DoctorItem[] }>(empty, ['doctor'])
    for (const name of ['node', 'libtorrent', 'library', 'database'])
      expect(items.find((item) => item.name === name)).toMatchObject({ status: 'ok' })
    expect(JSON.stringify(items)).toContain(empty.folder)
    expect(items.find(({ name }) => name === 'database')?.detail).toMatch(/^PostgreSQL \d+\.\d+ starts/)
    expect(await empty.size()).toEqual({ files: 0, bytes: 0 })
    expect((await bae(library, ['doctor'])).stdout).toContain('libtorrent')
  })

  it('help names every command', async () => {
    const result = await bae(library, ['--help'])
    for (const command of ['import', 'list', 'show', 'verify', 'export', 'cat', 'remove', 'demo', 'doctor']) {
      expect(result.stdout).toContain(command)
    }
  })
})

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
