import { access, mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FakeSwarm } from '@bae/native/testing'
import { describe, expect, it } from 'vitest'
import { MemoryResumeStore } from '../src/resume-store.js'
import { createTestTorrent, FakeError } from '../src/testing/index.js'
import { TorrentClient } from '../src/torrent-client.js'
import { everythingDue, openClient, openClientWith, rejectionOf } from './open-client.js'
import { createFolder } from './temporary-folder.js'

const piece = 16 * 1024
const test = createTestTorrent({ files: { 'a.wav': 2 * piece, 'b/c.txt': 1000 } })

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Uint8Array.from(Buffer.concat(parts))
}

describe("a torrent in the storage 'files'", () => {
  it('becomes ordinary files beside torrents in storages of ours', async () => {
    const fakes = await openClient()
    const savePath = await createFolder()
    const own = createTestTorrent({ name: 'own' })
    const ownTorrent = await fakes.client.add(own.torrentFile, {
      peers: [fakes.swarm.seed(own.torrentFile, own.bytes)],
    })
    const peers = [fakes.swarm.seed(test.torrentFile, test.bytes)]
    const torrent = await fakes.client.add(test.torrentFile, { storage: 'files', savePath, peers })
    const completed: number[] = []
    torrent.on('pieceCompleted', ({ piece }) => completed.push(piece))
    await Promise.all([torrent.whenFinished(), ownTorrent.whenFinished()])
    expect(Uint8Array.from(await readFile(join(savePath, 'album', 'b', 'c.txt')))).toEqual(
      test.bytes.slice(2 * piece),
    )
    expect(await bytesOf(torrent.readFile(0))).toEqual(test.bytes.slice(0, 2 * piece))
    await everythingDue()
    expect(completed.sort()).toEqual([0, 1, 2])
    expect(fakes.library.storages).toHaveLength(1)
    expect(fakes.swarm.sessions).toHaveLength(2)
    expect(torrent.listenPort).not.toBe(ownTorrent.listenPort)
    expect(fakes.client.list()).toEqual([ownTorrent, torrent])
    await fakes.client.close()
    expect(fakes.swarm.sessions.map(({ isClosed }) => isClosed)).toEqual([true, true])
  })

  it('is the same torrent as one in a storage of ours', async () => {
    const { client } = await openClient()
    const first = await client.add(test.torrentFile)
    const again = await client.add(test.torrentFile, { storage: 'files', savePath: await createFolder() })
    expect(again).toBe(first)
  })

  it('needs no storage of ours, but a folder', async () => {
    const { createSession, parseTorrentFile, seed, sessions } = new FakeSwarm()
    const savePath = await createFolder()
    await using client = new TorrentClient({ createSession, parseTorrentFile }, { savePath })
    await client.start()
    expect(sessions).toHaveLength(1)
    expect(await rejectionOf(client.add(test.torrentFile, { storage: 'own' }))).toBeInstanceOf(TypeError)
    expect(seed).toBeDefined()
    const torrent = await client.add(test.torrentFile)
    expect(sessions[0]?.requests[0]).toMatchObject({ torrentId: torrent.id, savePath })
    const homeless = (await openClient()).client.add(test.torrentFile, { storage: 'files' })
    expect(await rejectionOf(homeless)).toBeInstanceOf(TypeError)
  })

  it('learns of the files of a magnet link, and begins with the chosen ones only', async () => {
    const fakes = await openClient()
    const savePath = await createFolder()
    const peers = [fakes.swarm.seed(test.torrentFile, test.bytes)]
    const torrent = await fakes.client.add(test.magnetUri, {
      storage: 'files',
      savePath,
      peers,
      files: '*.txt',
    })
    await torrent.whenFinished()
    expect(torrent.layout).toEqual(test.layout)
    expect(torrent.status).toMatchObject({ completedPieces: 1, progress: 1 })
    expect(torrent.status).not.toHaveProperty('error')
    expect(await rejectionOf(access(join(savePath, 'album', 'a.wav')))).toMatchObject({ code: 'ENOENT' })
    torrent.select('a.wav')
    await torrent.whenFinished()
    expect(await bytesOf(torrent.readFile(0))).toEqual(test.bytes.slice(0, 2 * piece))
  })

  it('is back after a restart by its resume data, without a check', async () => {
    const resumeStore = new MemoryResumeStore()
    const savePath = await createFolder()
    const first = await openClientWith({ resumeStore })
    const peers = [first.swarm.seed(test.torrentFile, test.bytes)]
    const torrent = await first.client.add(test.magnetUri, { storage: 'files', savePath, peers })
    await torrent.whenFinished()
    await first.client.close()
    const second = await openClientWith({ resumeStore })
    const { torrents, failures } = await second.client.restore()
    expect(failures).toEqual([])
    await torrents[0]?.whenFinished()
    expect(second.swarm.sessions[1]?.requests[0]?.resumeData).toBeDefined()
    expect(await bytesOf(torrents[0]?.readFile(1) ?? ([] as never))).toEqual(test.bytes.slice(2 * piece))
  })

  it('deletes its files when asked to', async () => {
    const fakes = await openClient()
    const savePath = await createFolder()
    const peers = [fakes.swarm.seed(test.torrentFile, test.bytes)]
    const torrent = await fakes.client.add(test.torrentFile, { storage: 'files', savePath, peers })
    await torrent.whenFinished()
    await fakes.client.remove(torrent.id, { deleteData: true })
    expect(await rejectionOf(access(join(savePath, 'album', 'a.wav')))).toMatchObject({ code: 'ENOENT' })
  })

  it('does not end a file before its end when somebody cut it', async () => {
    const fakes = await openClient()
    const savePath = await createFolder()
    const peers = [fakes.swarm.seed(test.torrentFile, test.bytes)]
    const torrent = await fakes.client.add(test.torrentFile, { storage: 'files', savePath, peers })
    await torrent.whenFinished()
    await truncate(join(savePath, 'album', 'a.wav'), 100)
    expect(await rejectionOf(bytesOf(torrent.readFile(0)))).toMatchObject({ code: 'CLIENT_FILE_CHANGED' })
  })

  it('finds what is wrong by a recheck, and fetches it again', async () => {
    const fakes = await openClient()
    const savePath = await createFolder()
    const seed = fakes.swarm.seed(test.torrentFile, test.bytes)
    const torrent = await fakes.client.add(test.torrentFile, { storage: 'files', savePath, peers: [seed] })
    await torrent.whenFinished()
    await writeFile(join(savePath, 'album', 'a.wav'), new Uint8Array(2 * piece))
    await torrent.recheck()
    await torrent.whenFinished()
    expect(await bytesOf(torrent.readFile(0))).toEqual(test.bytes.slice(0, 2 * piece))
  })
})

describe('seed', () => {
  it('makes a torrent of what lies there and gives it to others, without a check', async () => {
    const folder = await createFolder()
    await mkdir(join(folder, 'album', 'b'), { recursive: true })
    await writeFile(join(folder, 'album', 'a.wav'), test.bytes.slice(0, 2 * piece))
    await writeFile(join(folder, 'album', 'b', 'c.txt'), test.bytes.slice(2 * piece))
    const asked: unknown[] = []
    const fakes = await openClientWith({
      createTorrentFile: async (...call) => {
        asked.push(call)
        return test.torrentFile
      },
    })
    const torrent = await fakes.client.seed(join(folder, 'album'), {
      format: 'v1',
      limits: { maxUploads: 2 },
    })
    await torrent.whenFinished()
    expect(asked).toEqual([[join(folder, 'album'), { format: 'v1' }]])
    expect(fakes.swarm.sessions[1]?.requests[0]).toMatchObject({
      savePath: folder,
      seedMode: true,
      limits: { maxUploads: 2 },
    })
    expect(torrent.torrentFile).toEqual(test.torrentFile)
    expect(torrent.magnetUri).toBe(`${test.magnetUri}&dn=album`)
    const peers = [{ host: '127.0.0.1', port: torrent.listenPort }]
    const other = await openClientWith({ swarm: fakes.swarm })
    const fetched = await other.client.add(torrent.magnetUri, { peers })
    await fetched.whenFinished()
  })

  it('adds nothing when the torrent cannot be made', async () => {
    const failure = new FakeError('NATIVE_IO', 'there is nothing')
    const { client } = await openClientWith({ createTorrentFile: () => Promise.reject(failure) })
    expect(await rejectionOf(client.seed('/nowhere'))).toBe(failure)
    expect(client.list()).toEqual([])
  })
})
