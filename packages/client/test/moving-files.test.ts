import { describe, expect, it } from 'vitest'
import type { HeldTorrent } from '../src/held-torrent.js'
import { MovingFiles } from '../src/moving-files.js'
import { rejectionOf } from './open-client.js'

describe('MovingFiles', () => {
  it('ends the wait for files that are moved with the reason of the signal, and nobody else’s', async () => {
    let now = [0]
    const session = { setFilePriorities: () => {}, filePriorities: () => now }
    const torrent = { kind: 'files', seat: { session, handle: 1 } } as unknown as HeldTorrent
    const moving = new MovingFiles(torrent)
    moving.tell([4])
    const aborter = new AbortController()
    const given = moving.settled({ signal: aborter.signal })
    const patient = moving.settled()
    aborter.abort(new Error('no time'))
    expect(await rejectionOf(given)).toBe(aborter.signal.reason)
    now = [4]
    await patient
  })
})
