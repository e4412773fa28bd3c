import { describe, expect, it } from 'vitest'
import type { StorageHandler } from '../../src/native-session.js'
import { FakeSwarm } from '../../src/testing/fake-swarm.js'
import { createHeldCall } from '../../src/testing/held-call.js'
import { nativeSessionCompliance } from '../../src/testing/native-compliance.js'
import { parseTestTorrent } from '../../src/testing/parse-test-torrent.js'
import { createTestTorrent, pieceBytes } from '../../src/testing/test-torrent.js'

function createHandler(calls: string[] = []): StorageHandler {
  const record = (name: string) => async () => {
    calls.push(name)
  }
  return {
    openStorage: async () => {
      calls.push('openStorage')
      return {}
    },
    writePiece: record('writePiece'),
    readPiece: async (_index, _piece, _offset, length) => new Uint8Array(length),
    completePiece: record('completePiece'),
    clearPiece: record('clearPiece'),
    closeStorage: record('closeStorage'),
  }
}

async function openSession(handler: StorageHandler) {
  const swarm = new FakeSwarm()
  const test = createTestTorrent('a')
  swarm.seed(test.torrentFile, test.bytes)
  const alerts: string[] = []
  const session = await swarm.createSession({ handler, onAlert: ({ type }) => alerts.push(type) })
  const handle = await session.addTorrent({ torrentId: 'a', torrentFile: test.torrentFile })
  return { swarm, session, handle, test, alerts }
}

describe('FakeSwarm', () => {
  it('calls a storage in the order that native promises', async () => {
    const calls: string[] = []
    const { swarm, session, handle } = await openSession(createHandler(calls))
    await swarm.deliverPiece('a', 0)
    await session.removeTorrent(handle)
    expect(calls).toEqual(['openStorage', 'writePiece', 'completePiece', 'closeStorage'])
  })

  it('turns lent bytes to garbage once the write has settled, and not before', async () => {
    const held = createHeldCall()
    let lent = new Uint8Array()
    const handler = createHandler()
    handler.writePiece = (_index, _piece, _offset, bytes) => {
      lent = bytes as Uint8Array<ArrayBuffer>
      return held.promise
    }
    const { swarm, test } = await openSession(handler)
    const delivering = swarm.deliverPiece('a', 1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(lent).toEqual(pieceBytes(test, 1))
    held.release()
    await delivering
    expect(lent.every((byte) => byte === 0xdb)).toBe(true)
  })

  it('asks nothing of the storage for a corrupt piece', async () => {
    const calls: string[] = []
    const { swarm, alerts } = await openSession(createHandler(calls))
    await swarm.deliverPiece('a', 0, { corrupt: true })
    expect(calls).toEqual(['openStorage'])
    expect(alerts).toContain('hashFailed')
  })

  it('takes a read of another length for a failure', async () => {
    const handler = createHandler()
    handler.readPiece = async () => new Uint8Array(3)
    const { swarm } = await openSession(handler)
    await expect(swarm.requestPiece('a', 0, { offset: 0, length: 4 })).rejects.toMatchObject({ code: 'EIO' })
  })
})

describe('FakeSwarm, as a native session', () => {
  const swarm = new FakeSwarm()
  nativeSessionCompliance(
    { describe, it },
    {
      createSession: swarm.createSession,
      seed: async ({ torrentFile, bytes }) => swarm.seed(torrentFile, bytes),
    },
  )
})

describe('parseTestTorrent', () => {
  it('gives the files in order, with their places in the byte space', () => {
    const { layout, bytes } = createTestTorrent('album', {
      files: { 'disc 1/ä.wav': 10, empty: 0, c: 20 },
    })
    expect(layout).toMatchObject({ name: 'album', singleFile: false, totalLengthBytes: bytes.length })
    expect(
      layout.files.map(({ path, offsetBytes, lengthBytes }) => [path.join('/'), offsetBytes, lengthBytes]),
    ).toEqual([
      ['disc 1/ä.wav', 0, 10],
      ['empty', 10, 0],
      ['c', 10, 20],
    ])
  })

  it('refuses what is truncated, random or incomplete', () => {
    const { torrentFile } = createTestTorrent('a')
    const wrong = [
      new Uint8Array(),
      torrentFile.slice(0, -1),
      Buffer.from('d4:infodee'),
      Buffer.from('i5e'),
      Buffer.from('9:x'),
    ]
    for (const bytes of wrong) {
      expect(() => parseTestTorrent(bytes)).toThrow(
        expect.objectContaining({ code: 'NATIVE_INVALID_TORRENT' }),
      )
    }
  })
})
