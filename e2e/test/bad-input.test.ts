import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { bae, baeJson } from '../harness/bae-process.js'
import { bencode } from '../harness/bencode.js'
import { expectFailure } from '../harness/expect-failure.js'
import { freePort } from '../harness/free-port.js'
import { makeHandmadeTorrent } from '../harness/handmade-torrent.js'
import { PseudoRandomBytes } from '../harness/payload.js'

const content = new PseudoRandomBytes('content').next(50_000)
const good = makeHandmadeTorrent('good.bin', content)
const hashes = new Uint8Array(20)

const badFiles: readonly (readonly [string, Uint8Array])[] = [
  ['an empty file', new Uint8Array(0)],
  ['a text that is no torrent', new TextEncoder().encode('I am no torrent.\n')],
  ['a truncated torrent', good.torrentFile.subarray(0, good.torrentFile.length - 10)],
  ['half of a torrent', good.torrentFile.subarray(0, good.torrentFile.length >> 1)],
  ['random bytes', new PseudoRandomBytes('random').next(4096)],
  ['a dictionary without info', bencode({ announce: 'http://127.0.0.1:1/announce' })],
  ['an info that is a number', bencode({ info: 3 })],
  ['a negative length', makeHandmadeTorrent('x', content, 16_384, { length: -5 }).torrentFile],
  [
    'a negative piece length',
    makeHandmadeTorrent('x', content, 16_384, { 'piece length': -16_384 }).torrentFile,
  ],
  ['a piece length of zero', makeHandmadeTorrent('x', content, 16_384, { 'piece length': 0 }).torrentFile],
  [
    'a file of negative length',
    bencode({ info: { ...tree([{ length: -1, path: ['a'] }]), pieces: hashes } }),
  ],
  [
    'lengths that overflow',
    bencode({ info: { ...tree([huge('a'), huge('b'), huge('c')]), pieces: hashes } }),
  ],
  ['too few piece hashes', makeHandmadeTorrent('x', content, 16_384, { pieces: hashes }).torrentFile],
  [
    'a broken piece hash',
    makeHandmadeTorrent('x', content, 16_384, { pieces: new Uint8Array(79) }).torrentFile,
  ],
]

describe('a file that is no valid torrent', () => {
  it.for(badFiles)('%s', async ([, bytes]) => {
    await using library = await BaeLibrary.create()
    const path = join(library.root, 'bad.torrent')
    await writeFile(path, bytes)
    await expectFailure(library, ['import', path], { code: 'IMPORT_INVALID_SOURCE' })
    await expectNothingLeft(library)
  })
})

it('a torrent beyond a limit of libtorrent is refused by the name of the limit', async () => {
  await using library = await BaeLibrary.create()
  const path = join(library.root, 'nested.torrent')
  await writeFile(path, 'l'.repeat(200_000))
  await expectFailure(library, ['import', path], { code: 'NATIVE_TORRENT_LIMIT' })
  await expectNothingLeft(library)
})

it('a peer that is named for a private torrent is refused, with what to do', async () => {
  await using library = await BaeLibrary.create()
  const path = join(library.root, 'private.torrent')
  await writeFile(path, makeHandmadeTorrent('mine', content, 16_384, { private: 1 }).torrentFile)
  const args = ['import', path, '--peer', '127.0.0.1:9']
  await expectFailure(library, args, { code: 'CLIENT_PRIVATE_TORRENT' })
  expect((await bae(library, args)).stderr).toMatch(/trackers.*leave --peer out/)
})

it('a demo without a folder for temporary files says which folder, and what to do', async () => {
  await using library = await BaeLibrary.create({ TMPDIR: '/nowhere' })
  const { code, stderr } = await bae(library, ['demo'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/\/nowhere, .*TMPDIR.*\[IMPORT_TEMPORARY_UNWRITABLE\]\n$/)
})

describe('a source that cannot be had', () => {
  it.for([
    ['a path that is missing', '/nowhere/at/all.torrent', 'IMPORT_SOURCE_NOT_FOUND'],
    ['a magnet link without a hash', 'magnet:?dn=name', 'IMPORT_INVALID_SOURCE'],
    ['a magnet link with a malformed hash', 'magnet:?xt=urn:btih:zzzz', 'IMPORT_INVALID_SOURCE'],
    ['a magnet link with a short hash', 'magnet:?xt=urn:btih:0123456789abcdef', 'IMPORT_INVALID_SOURCE'],
    [
      'a magnet link of another network',
      'magnet:?xt=urn:ed2k:354B15E68FB8F36D7CD88FF94116CDC1',
      'IMPORT_INVALID_SOURCE',
    ],
    ['a host without an address', 'http://nowhere.invalid/a.torrent', 'IMPORT_SOURCE_UNREACHABLE'],
    ['an address that is none', 'http://', /^IMPORT_(INVALID_SOURCE|SOURCE_UNREACHABLE)$/],
  ] as const)('%s', async ([, source, code]) => {
    await using library = await BaeLibrary.create()
    await expectFailure(library, ['import', source], { code })
    await expectNothingLeft(library)
  })

  it('a folder', async () => {
    await using library = await BaeLibrary.create()
    await mkdir(join(library.root, 'folder.torrent'))
    await expectFailure(library, ['import', join(library.root, 'folder.torrent')], {
      code: 'IMPORT_INVALID_SOURCE',
    })
    await expectNothingLeft(library)
  })

  it('an address where nothing listens', async () => {
    await using library = await BaeLibrary.create()
    const url = `http://127.0.0.1:${await freePort()}/a.torrent`
    await expectFailure(library, ['import', url], { code: 'IMPORT_SOURCE_UNREACHABLE' })
    await expectNothingLeft(library)
  })

  it('an address that answers with a page', async () => {
    await using library = await BaeLibrary.create()
    const server = createServer((_, response) => response.end('<html>not here</html>')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.torrent`
    await expectFailure(library, ['import', url], { code: 'IMPORT_INVALID_SOURCE' })
    server.close()
    await expectNothingLeft(library)
  })

  it('an address that never answers', async () => {
    await using library = await BaeLibrary.create()
    const server = createServer(() => {}).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.torrent`
    await expectFailure(library, ['import', url, '--timeout', '2'], { code: 'IMPORT_TIMEOUT' })
    server.closeAllConnections()
    server.close()
    await expectNothingLeft(library)
  })

  it('an address that answers 404', async () => {
    await using library = await BaeLibrary.create()
    const server = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.torrent`
    await expectFailure(library, ['import', url], { code: 'IMPORT_SOURCE_UNREACHABLE' })
    server.close()
    await expectNothingLeft(library)
  })
})

describe('a command line that is wrong', () => {
  it.for([
    ['no source', ['import']],
    ['a peer without a port', ['import', 'a.torrent', '--peer', '127.0.0.1']],
    ['a peer with a port too large', ['import', 'a.torrent', '--peer', '127.0.0.1:70000']],
    ['a timeout that is no number', ['import', 'a.torrent', '--timeout', 'soon']],
    ['a timeout below zero', ['import', 'a.torrent', '--timeout=-1']],
    ['an unknown option', ['import', 'a.torrent', '--sped', '3']],
    ['an unknown command', ['imprt', 'a.torrent']],
    ['an argument too many', ['list', 'surplus']],
    ['export without a folder', ['export', 'id']],
  ] as const)('%s', async ([, args]) => {
    await using library = await BaeLibrary.create()
    await expectFailure(library, args, { code: 'IMPORT_USAGE', exit: 2 })
    await expectNothingLeft(library)
  })
})

describe('an id that names no import', () => {
  it.for(['show', 'verify', 'remove'] as const)('%s', async (command) => {
    await using library = await BaeLibrary.create()
    await expectFailure(library, [command, 'abcdef'], { code: 'IMPORT_NOT_FOUND' })
    await expectNothingLeft(library)
  })
})

async function expectNothingLeft(library: BaeLibrary): Promise<void> {
  expect(await library.servers()).toEqual([])
  expect(await library.chunkFiles()).toEqual([])
  expect((await library.size()).bytes).toBeLessThan(4096)
  expect(await baeJson(library, ['list'])).toEqual([])
}

function tree(files: readonly { length: number; path: readonly string[] }[]) {
  return { name: 'tree', 'piece length': 16_384, files }
}

function huge(name: string) {
  return { length: Number.MAX_SAFE_INTEGER, path: [name] }
}
