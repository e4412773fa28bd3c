import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, lstat, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, Server } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ControlClient } from '../../src/control/control-client.js'
import { ControlServer, type ControlServerOptions } from '../../src/control/control-server.js'
import { busy, FakeService, progressOf } from '../support/fake-service.js'
import { hashV1, layoutOf, torrentId } from '../support/records.js'
import { TemporaryFolder } from '../support/temporary-folder.js'

let folder: TemporaryFolder
let service: FakeService
const closers: (() => Promise<void>)[] = []

beforeEach(async () => {
  folder = await TemporaryFolder.create()
  service = new FakeService()
})

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  await folder[Symbol.asyncDispose]()
})

async function serve(directory = folder.path, options: ControlServerOptions = {}): Promise<ControlServer> {
  const deps = service.deps(() => layoutOf({ one: 10 }))
  const server = await ControlServer.open(deps, directory, options)
  closers.push(() => server.close())
  return server
}

async function clientOf(directory = folder.path): Promise<ControlClient> {
  const client = await ControlClient.find(directory)
  if (client === undefined) throw new Error('no service was found')
  return client
}

/** To whom the modes of files apply, which root is above. */
async function asSomebodyElse(work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65534)
  try {
    await work()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

/** The servers of this process: what the system tells one cannot be provoked otherwise. */
function listening(): readonly Server[] {
  const handles: readonly unknown[] = Reflect.get(process, '_getActiveHandles').call(process)
  return handles.filter((handle) => handle instanceof Server)
}

/** What the service says to a line that no client of ours sends. */
async function answerTo(line: string): Promise<unknown> {
  const socket = connect(join(folder.path, 'control.sock'))
  socket.write(line)
  let text = ''
  for await (const bytes of socket.setEncoding('utf8')) text += bytes
  return JSON.parse(text)
}

describe('through the control socket', () => {
  it('every command reaches the service with what it was given, and its answer comes back', async () => {
    await serve()
    const client = await clientOf()
    expect(await client.pause('a')).toEqual(await service.get('x'))
    await client.resume('b')
    await client.recheck('c')
    await client.cancel('d', { deleteData: true })
    await client.seed('e', { on: false })
    await client.select('f', ['*.flac'])
    await client.get('g')
    expect(service.calls).toEqual([
      ['pause', 'a'],
      ['get', 'x'],
      ['resume', 'b'],
      ['recheck', 'c'],
      ['cancel', 'd', { deleteData: true }],
      ['seed', 'e', { on: false }],
      ['select', 'f', ['*.flac']],
      ['get', 'g'],
    ])
    service.progress = [progressOf()]
    expect(await client.running()).toEqual([progressOf()])
    service.queued = 3
    expect(await client.waiting()).toBe(3)
  })

  it('a .torrent file arrives byte for byte, and a magnet link as it is', async () => {
    await serve()
    const client = await clientOf()
    const torrentFile = new Uint8Array(5 * 1024 * 1024).map((_, index) => index * 7)
    const peers = [{ host: '127.0.0.1', port: 6881 }]
    await client.submit({ torrent: { torrentFile } }, { peers, select: ['a'], seed: true })
    const magnetUri = `magnet:?xt=urn:btih:${hashV1('a')}&so=1-2`
    await client.submit({ torrent: { magnetUri } }, { paused: true, choose: true })
    const [file, link] = service.submitted
    expect(file?.source).toMatchObject({ infoHashV1: hashV1('a'), name: 'album' })
    const sent = file?.source.torrent
    expect(sent && 'torrentFile' in sent && Buffer.compare(sent.torrentFile, torrentFile)).toBe(0)
    expect(file?.options).toMatchObject({ peers, select: ['a'], seed: true, paused: false })
    expect(link?.source).toEqual({ torrent: { magnetUri }, infoHashV1: hashV1('a'), files: [1, 2] })
    expect(link?.options).toMatchObject({ paused: true, choose: true, seed: false })
  })

  it('what is known of a torrent comes back, and nothing where nothing is', async () => {
    await serve()
    const client = await clientOf()
    const source = { torrent: { magnetUri: `magnet:?xt=urn:btih:${hashV1('a')}` }, infoHashV1: hashV1('a') }
    expect(await client.knownFiles(source)).toBeUndefined()
    const hashes = { infoHash: hashV1('a'), infoHashV1: hashV1('a'), infoHashV2: null }
    service.known = { ...hashes, name: 'album', bytes: 1, files: [{ path: 'a', bytes: 1, selected: true }] }
    expect(await client.knownFiles(source, { select: ['*'] })).toEqual(service.known)
    expect(service.calls).toEqual([
      ['knownFiles', source, []],
      ['knownFiles', source, ['*']],
    ])
  })

  it('an error keeps its code and message, and one without a code is told as unexpected', async () => {
    await serve()
    const client = await clientOf()
    service.failure = busy()
    await expect(client.pause('a')).rejects.toMatchObject({ code: 'IMPORT_BUSY', message: busy().message })
    service.failure = new TypeError('no such thing')
    const failure = await client.pause('a').catch((error: unknown) => error)
    expect(failure).toMatchObject({ message: 'in the service: no such thing' })
    expect(failure).not.toHaveProperty('code')
  })

  it('what is followed comes in order, ends, and takes the failure of the service with it', async () => {
    await serve()
    const client = await clientOf()
    service.items = async function* () {
      yield progressOf({ pieces: 1 })
      yield progressOf({ pieces: 2 })
    }
    const pieces: number[] = []
    for await (const progress of client.follow('a')) pieces.push(progress.pieces)
    expect(pieces).toEqual([1, 2])
    service.log = async function* () {
      yield { seq: 8, atMs: 1, importId: torrentId('1'), from: null, to: 'queued', reason: { code: 'added' } }
      throw busy()
    }
    const seen: number[] = []
    const reading = (async () => {
      for await (const { seq } of client.events({ after: 7, follow: true })) seen.push(seq)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'IMPORT_BUSY' })
    expect(seen).toEqual([8])
    expect(service.calls).toContainEqual(['events', { after: 7, follow: true }])
  })

  it('a client that leaves or aborts ends what the service does for it', async () => {
    await serve()
    const client = await clientOf()
    const ended: Promise<unknown>[] = []
    service.items = async function* (signal) {
      ended.push(once(signal, 'abort'))
      yield progressOf()
      await once(signal, 'abort')
    }
    for await (const _ of client.follow('a')) break
    const stop = new AbortController()
    const reason = busy()
    const reading = (async () => {
      for await (const _ of client.follow('a', { signal: stop.signal })) stop.abort(reason)
    })()
    await expect(reading).rejects.toBe(reason)
    expect(ended).toHaveLength(2)
    await Promise.all(ended)
  })

  it('of a client that does not read nothing piles up: the service is asked for no more', async () => {
    await serve()
    const name = 'x'.repeat(64 * 1024)
    let asked = 0
    service.items = async function* () {
      for (; asked < 10_000; asked += 1) yield progressOf({ name })
    }
    const socket = connect(join(folder.path, 'control.sock'))
    socket.write('{"method":"follow","params":{"id":"a"}}\n')
    for (let [before, idleTurns] = [0, 0]; idleTurns < 100; ) {
      await new Promise((resolve) => setImmediate(resolve))
      idleTurns = asked > 0 && asked === before ? idleTurns + 1 : 0
      before = asked
    }
    // The kernel holds a few hundred KiB.
    expect(asked).toBeLessThan(50)
    const closed = once(socket, 'close')
    socket.destroy()
    await closed
  })

  it('what takes long does not hold up the end of the service', async () => {
    const server = await serve()
    const client = await clientOf()
    const asked = new Promise<void>((resolve) => {
      service.pause = () => {
        resolve()
        return new Promise(() => {})
      }
    })
    const pausing = client.pause('a')
    const told = expect(pausing).rejects.toMatchObject({ message: 'the service was stopped' })
    await asked
    await Promise.all([told, server.close()])
  })

  it('neither does what hangs, nor a client that does not read', async () => {
    const server = await serve()
    const asked = new Promise<void>((resolve) => {
      service.items = async function* () {
        yield progressOf({ name: 'x'.repeat(1024 * 1024) })
        resolve()
        await new Promise(() => {})
      }
    })
    const [reading, deaf] = [await clientOf(), connect(join(folder.path, 'control.sock'))]
    const items = reading.follow('a')[Symbol.asyncIterator]()
    await items.next()
    await asked
    deaf.write('{"method":"follow","params":{"id":"a"}}\n')
    const told = expect(items.next()).rejects.toMatchObject({ code: 'IMPORT_SERVICE_UNREACHABLE' })
    await Promise.all([told, server.close()])
    deaf.destroy()
  })

  it('who follows hears that the service was stopped', async () => {
    const server = await serve()
    const client = await clientOf()
    service.items = async function* (signal) {
      yield progressOf()
      await once(signal, 'abort')
    }
    const items = client.follow('a')[Symbol.asyncIterator]()
    await items.next()
    const next = items.next()
    await Promise.all([
      expect(next).rejects.toMatchObject({
        code: 'IMPORT_SERVICE_UNREACHABLE',
        message: 'the service was stopped',
      }),
      server.close(),
    ])
    expect(await ControlClient.find(folder.path)).toBeUndefined()
  })
})

describe('a request that is none', () => {
  it.each([
    ['no JSON', 'hello\n', /no request/],
    ['an unknown method', '{"method":"toString"}\n', /no method 'toString'/],
    ['params that are no object', '{"method":"pause","params":7}\n', /params is no object/],
    ['a missing id', '{"method":"pause"}\n', /id is missing/],
    ['an id that is no text', '{"method":"pause","params":{"id":7}}\n', /id has another type/],
    [
      'peers that are none',
      `{"method":"submit","params":{"magnetUri":"magnet:?xt=urn:btih:${hashV1('a')}","peers":[null]}}\n`,
      /peers has another type/,
    ],
    ['a line that is too long', 'x'.repeat(1001), /more than 1000 bytes/],
  ])('is refused: %s', async (_, line, message) => {
    await serve(folder.path, { maxRequestBytes: 1000 })
    expect(await answerTo(line)).toEqual({
      error: { code: 'IMPORT_SERVICE_REQUEST', message: expect.stringMatching(message) },
    })
    expect(service.calls).toEqual([])
  })

  it('is refused when it does not come to its end', async () => {
    await serve(folder.path, { requestWithinMs: 20 })
    expect(await answerTo('{"method":')).toMatchObject({ error: { code: 'IMPORT_SERVICE_REQUEST' } })
  })
})

it('goes on after a client that could not be let in', async () => {
  const before = new Set(listening())
  await serve()
  const server = listening().find((handle) => !before.has(handle))
  server?.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
  expect(server).toBeDefined()
  await (await clientOf()).pause('a')
})

it('one client more than it takes is told so, and those before are served', async () => {
  await serve(folder.path, { maxClients: 1 })
  const first = connect(join(folder.path, 'control.sock')).setEncoding('utf8')
  await once(first, 'connect')
  expect(await answerTo('{"method":"hello"}\n')).toEqual({
    error: {
      code: 'IMPORT_SERVICE_UNREACHABLE',
      message: 'the service has too many clients at the moment',
    },
  })
  first.write('{"method":"hello"}\n')
  expect(await once(first, 'data')).toEqual(['{"result":{"protocol":1,"version":"1.2.3"}}\n'])
})

describe('the place of the socket', () => {
  it('is for its user alone, and for the group where that may write the library', async () => {
    const server = await serve()
    expect((await stat(join(folder.path, 'control.sock'))).mode & 0o777).toBe(0o600)
    await server.close()
    await chmod(folder.path, 0o770)
    await serve()
    expect((await stat(join(folder.path, 'control.sock'))).mode & 0o777).toBe(0o660)
  })

  it('is gone with the service, and nothing else is left', async () => {
    const server = await serve()
    expect(await readdir(folder.path)).toEqual(['control.sock'])
    await server.close()
    expect(await readdir(folder.path)).toEqual([])
  })

  it('is not taken from a service that lives', async () => {
    await serve()
    await expect(serve()).rejects.toMatchObject({ code: 'IMPORT_SERVICE_RUNNING' })
    await (await clientOf()).pause('a')
    expect(await readdir(folder.path)).toEqual(['control.sock'])
  })

  it('is taken over from a service that was killed', async () => {
    const path = join(folder.path, 'control.sock')
    const killed = spawn(process.execPath, [
      '-e',
      `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ])
    await once(killed, 'exit')
    expect((await lstat(path)).isSocket()).toBe(true)
    expect(await ControlClient.find(folder.path)).toBeUndefined()
    await serve()
    await (await clientOf()).pause('a')
    expect(await readdir(folder.path)).toEqual(['control.sock'])
  })

  it('belongs to exactly one of services that start at the same time over a dead one', async () => {
    await writeFile(join(folder.path, 'control.sock'), '/nowhere\n')
    const starts = await Promise.allSettled(Array.from({ length: 8 }, () => serve()))
    expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await (await clientOf()).pause('a')
    expect(await readdir(folder.path)).toEqual(['control.sock'])
  })

  it('is elsewhere where the path of the library is too long for a socket, and the library says where', async () => {
    const long = join(folder.path, 'x'.repeat(120))
    await mkdir(long)
    const server = await serve(long)
    const place = (await readFile(join(long, 'control.sock'), 'utf8')).trim()
    expect((await stat(dirname(place))).mode & 0o777).toBe(0o700)
    await (await clientOf(long)).pause('a')
    await expect(serve(long)).rejects.toMatchObject({ code: 'IMPORT_SERVICE_RUNNING' })
    await server.close()
    expect(await readdir(long)).toEqual([])
    expect(await readdir(dirname(dirname(place)))).not.toContain(basename(dirname(place)))
  })

  it('that may not be read is told as a service that cannot be reached', async () => {
    await writeFile(join(folder.path, 'control.sock'), '/elsewhere/control.sock\n', { mode: 0 })
    await chmod(folder.path, 0o755)
    await asSomebodyElse(() =>
      expect(ControlClient.find(folder.path)).rejects.toMatchObject({
        code: 'IMPORT_SERVICE_UNREACHABLE',
        message: expect.stringContaining('cannot be read'),
      }),
    )
  })

  it('where nobody answers in time is told as a service that does not answer', async () => {
    const silent = createServer(() => {})
    silent.listen(join(folder.path, 'control.sock'))
    await once(silent, 'listening')
    closers.push(async () => void silent.close())
    await expect(ControlClient.find(folder.path, { answerWithinMs: 20 })).rejects.toMatchObject({
      code: 'IMPORT_SERVICE_UNREACHABLE',
      message: expect.stringContaining('does not answer'),
    })
  })
})
