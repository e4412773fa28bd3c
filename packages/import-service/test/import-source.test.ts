import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fetchTorrentFile } from '../src/fetch-torrent-file.js'
import { resolveSource } from '../src/import-source.js'
import { readMagnetSimply } from '../src/testing/read-magnet-simply.js'
import { hashV1, hashV2, layoutOf } from './support/records.js'
import { TemporaryFolder } from './support/temporary-folder.js'

const layout = layoutOf({ 'one.wav': 10 })
const deps = { readMagnetUri: readMagnetSimply, parseTorrentFile: async () => layout }

const refusing = {
  readMagnetUri: readMagnetSimply,
  parseTorrentFile: async () => {
    const refusal = Object.assign(new Error('expected value'), { code: 'NATIVE_INVALID_TORRENT' })
    throw Object.defineProperty(refusal, Symbol.for('bae.error'), { value: true })
  },
}

async function withServer<T>(listener: RequestListener, work: (address: string) => Promise<T>): Promise<T> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/album.torrent`)
  } finally {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

describe('resolveSource', () => {
  it('reads a .torrent file', async () => {
    await using folder = await TemporaryFolder.create()
    const path = join(folder.path, 'a.torrent')
    await writeFile(path, 'bytes')
    const source = await resolveSource(deps, path)
    expect(source).toEqual({
      torrent: { torrentFile: new TextEncoder().encode('bytes') },
      infoHashV1: hashV1('a'),
      name: 'album',
      layout,
    })
  })

  it('reads a magnet link without asking anybody', async () => {
    const uri = `magnet:?xt=urn:btih:${hashV1('b')}`
    expect(await resolveSource(refusing, uri)).toEqual({
      torrent: { magnetUri: uri },
      infoHashV1: hashV1('b'),
    })
  })

  it('takes over what a magnet link says, and keeps the link as it is', async () => {
    const uri = `magnet:?xt=urn:btih:${hashV1('b')}&xt=urn:btmh:1220${hashV2('c')}&dn=album&so=1-2`
    expect(await resolveSource(refusing, uri)).toEqual({
      torrent: { magnetUri: uri },
      ...{ infoHashV1: hashV1('b'), infoHashV2: hashV2('c'), name: 'album', files: [1, 2] },
    })
  })

  it('says why a magnet link cannot be used', async () => {
    await expect(resolveSource(refusing, 'magnet:?dn=x')).rejects.toMatchObject({
      code: 'IMPORT_INVALID_SOURCE',
      message: "'magnet:?dn=x' is no magnet link",
      cause: { code: 'CLIENT_INVALID_SOURCE' },
    })
  })

  it('fetches an http address', async () => {
    const source = await withServer(
      (_, response) => response.end('fetched'),
      (address) => resolveSource(deps, address),
    )
    expect(source.torrent).toEqual({ torrentFile: new TextEncoder().encode('fetched') })
  })

  it('says which source is no torrent, and why', async () => {
    await using folder = await TemporaryFolder.create()
    const path = join(folder.path, 'noise')
    await writeFile(path, 'noise')
    await expect(resolveSource(refusing, path)).rejects.toMatchObject({
      code: 'IMPORT_INVALID_SOURCE',
      message: expect.stringMatching(/noise: expected value/),
    })
  })

  it('reads a magnet link that was pasted with blanks around it', async () => {
    const uri = `magnet:?xt=urn:btih:${hashV1('b')}`
    const source = await resolveSource(deps, ` ${uri}\n`)
    expect(source).toMatchObject({ torrent: { magnetUri: uri }, infoHashV1: hashV1('b') })
  })

  it('says how an info hash becomes a magnet link', async () => {
    await expect(resolveSource(deps, hashV1('b'))).rejects.toMatchObject({
      code: 'IMPORT_SOURCE_NOT_FOUND',
      message: expect.stringContaining(`'magnet:?xt=urn:btih:${hashV1('b')}'`),
    })
  })

  it('tells a missing file from a folder', async () => {
    await using folder = await TemporaryFolder.create()
    await mkdir(join(folder.path, 'folder'))
    const of = (path: string) => resolveSource(deps, join(folder.path, path))
    await expect(of('missing.torrent')).rejects.toMatchObject({ code: 'IMPORT_SOURCE_NOT_FOUND' })
    await expect(of('folder')).rejects.toMatchObject({
      code: 'IMPORT_INVALID_SOURCE',
      message: expect.stringMatching(/is a folder/),
    })
    await expect(of('x'.repeat(5000))).rejects.toMatchObject({ code: 'IMPORT_SOURCE_NOT_FOUND' })
  })

  it('does not wait for who might write to a pipe', async () => {
    await using folder = await TemporaryFolder.create()
    const pipe = join(folder.path, 'pipe.torrent')
    execFileSync('mkfifo', [pipe])
    await expect(resolveSource(deps, pipe)).rejects.toMatchObject({
      code: 'IMPORT_INVALID_SOURCE',
      message: expect.stringMatching(/is not a regular file/),
    })
  })
})

describe('fetchTorrentFile', () => {
  it('names the answer of a server that has no such file', async () => {
    const failing = withServer((_, response) => response.writeHead(404).end(), fetchTorrentFile)
    await expect(failing).rejects.toMatchObject({
      code: 'IMPORT_SOURCE_UNREACHABLE',
      message: expect.stringMatching(/answered 404/),
    })
  })

  it('gives up on more than 64 MiB', async () => {
    const part = Buffer.alloc(1024 * 1024)
    const failing = withServer((_, response) => {
      const more = (): void => {
        while (response.write(part));
        response.once('drain', more)
      }
      more()
    }, fetchTorrentFile)
    await expect(failing).rejects.toMatchObject({
      code: 'IMPORT_INVALID_SOURCE',
      message: expect.stringMatching(/too large/),
    })
  })

  it('gives up on a server that does not answer', async () => {
    const failing = withServer(
      () => {},
      (address) => fetchTorrentFile(address, { timeoutMs: 50 }),
    )
    await expect(failing).rejects.toMatchObject({
      code: 'IMPORT_SOURCE_UNREACHABLE',
      message: expect.stringMatching(/no answer within 0.05 s/),
    })
  })

  it('stops with the reason it is given', async () => {
    const stop = new AbortController()
    const failing = withServer(
      () => stop.abort(new RangeError('enough')),
      (address) => fetchTorrentFile(address, { signal: stop.signal }),
    )
    await expect(failing).rejects.toThrow('enough')
  })

  it('logs in with the name and password of the address', async () => {
    const authorization = await withServer(
      (request, response) => response.end(request.headers.authorization),
      (address) => fetchTorrentFile(address.replace('http://', 'http://me:s%40cret@')),
    )
    expect(new TextDecoder().decode(authorization)).toBe(`Basic ${btoa('me:s@cret')}`)
  })

  it('takes a password as it is where its escapes make no sense', async () => {
    const authorization = await withServer(
      (request, response) => response.end(request.headers.authorization),
      (address) => fetchTorrentFile(address.replace('http://', 'http://me:100%@')),
    )
    expect(new TextDecoder().decode(authorization)).toBe(`Basic ${btoa('me:100%')}`)
  })

  it('says that nobody listens, without the password of the address', async () => {
    const address = await withServer(
      () => {},
      async (open) => open.replace('http://', 'http://me:secret@'),
    )
    const error: unknown = await fetchTorrentFile(address).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code: 'IMPORT_SOURCE_UNREACHABLE' })
    expect((error as Error).message).not.toContain('secret')
  })
})
