import { describe, expect, it } from 'vitest'
import { ALL_ADDRESSES, blockedRanges } from '../src/ip-filter.js'
import { splitRate } from '../src/rate-split.js'
import { createTestTorrent } from '../src/testing/index.js'
import { addTestTorrent, createClient, everythingDue, openClient, rejectionOf } from './open-client.js'
import { createFolder } from './temporary-folder.js'

describe('network options', () => {
  it('become libtorrent’s settings', async () => {
    const { swarm } = await openClient({
      outgoingInterfaces: 'tun0',
      dhtBootstrapNodes: ['127.0.0.1:6881', '127.0.0.1:6882'],
      enableIncomingUtp: false,
      enableOutgoingTcp: false,
      enableIncomingTcp: true,
      uploadsLimit: 7,
      userAgent: 'mine/1',
      peerFingerprint: '-MI0100-',
      encryption: 'forced',
    })
    expect(swarm.sessions[0]?.settings()).toMatchObject({
      outgoing_interfaces: 'tun0',
      dht_bootstrap_nodes: '127.0.0.1:6881,127.0.0.1:6882',
      enable_incoming_utp: false,
      enable_outgoing_tcp: false,
      enable_incoming_tcp: true,
      unchoke_slots_limit: 7,
      user_agent: 'mine/1',
      peer_fingerprint: '-MI0100-',
      out_enc_policy: 0,
    })
  })

  it('say which alerts are wanted too', async () => {
    const { swarm } = await openClient({ alertCategories: ['peer', 'tracker'] })
    expect(swarm.sessions[0]?.options.alertCategories).toEqual(['peer', 'tracker'])
  })

  it('can be changed while the client runs, in all its sessions', async () => {
    const { client, swarm } = await openClient({ enableDht: true })
    await client.add(createTestTorrent({ name: 'f' }).torrentFile, {
      storage: 'files',
      savePath: await createFolder(),
    })
    client.configure({ enableDht: false, ipFilter: { blocked: [{ first: '10.0.0.1' }] } })
    for (const session of swarm.sessions) {
      expect(session.settings()).toMatchObject({ enable_dht: false, max_out_request_queue: 1000 })
      expect(session.ipFilter()).toEqual([{ first: '10.0.0.1', last: '10.0.0.1' }])
    }
  })

  it('hold for a session that is opened later', async () => {
    const { client, swarm } = await openClient()
    client.configure({ userAgent: 'mine/2', ipFilter: { blocked: ALL_ADDRESSES } })
    await client.add(createTestTorrent().torrentFile, { storage: 'files', savePath: await createFolder() })
    expect(swarm.sessions[1]?.settings().user_agent).toBe('mine/2')
    expect(swarm.sessions[1]?.ipFilter()).toHaveLength(2)
  })

  it('refuse a filter that is none, and change nothing', async () => {
    const { client, swarm } = await openClient()
    expect(() =>
      client.configure({ userAgent: 'x', ipFilter: { blocked: [{ first: 'localhost' }] } }),
    ).toThrow(RangeError)
    expect(swarm.sessions[0]?.settings()).not.toMatchObject({ user_agent: 'x' })
  })

  it('with a filter that is none open no session', async () => {
    const { client, swarm } = createClient({ ipFilter: { blocked: [{ first: 'localhost' }] } })
    expect(await rejectionOf(client.start())).toBeInstanceOf(RangeError)
    expect(swarm.sessions).toEqual([])
  })
})

describe('limits of a client with two sessions', () => {
  it('hold for both together when the same are set again', async () => {
    const { client, swarm } = await openClient({ maxDownloadBytesPerSecond: 1000 })
    await client.add(createTestTorrent({ name: 'f' }).torrentFile, {
      storage: 'files',
      savePath: await createFolder(),
    })
    for (const limit of [1000, 1000, 0, 1000]) client.configure({ maxDownloadBytesPerSecond: limit })
    expect(swarm.sessions.map((session) => session.settings().download_rate_limit)).toEqual([500, 500])
  })

  it('hold for both together', async () => {
    const { client, swarm } = await openClient({ maxDownloadBytesPerSecond: 1000, connectionsLimit: 100 })
    await client.add(createTestTorrent({ name: 'f' }).torrentFile, {
      storage: 'files',
      savePath: await createFolder(),
    })
    while (swarm.sessions[0]?.settings().download_rate_limit === 1000) await everythingDue()
    const limits = swarm.sessions.map((session) => session.settings())
    expect(limits.map((settings) => settings.download_rate_limit)).toEqual([500, 500])
    expect(limits.reduce((sum, settings) => sum + Number(settings.connections_limit), 0)).toBeLessThanOrEqual(
      100,
    )
  })

  it('are divided by what each moved, with something for everyone and never more than all', () => {
    expect(splitRate(0, [5, 5])).toEqual([0, 0])
    expect(splitRate(1000, [7])).toEqual([1000])
    expect(splitRate(1000, [0, 0])).toEqual([500, 500])
    expect(splitRate(1000, [300, 100])).toEqual([700, 300])
    expect(splitRate(1000, [300, 0])).toEqual([900, 100])
  })
})

describe('blockedRanges', () => {
  it('leaves out what is allowed', () => {
    const blocked = [{ first: '10.0.0.0', last: '10.0.0.255' }]
    expect(blockedRanges({ blocked, allowed: [{ first: '10.0.0.7' }] })).toEqual([
      { first: '10.0.0.0', last: '10.0.0.6' },
      { first: '10.0.0.8', last: '10.0.0.255' },
    ])
    expect(blockedRanges({ blocked, allowed: [{ first: '9.0.0.0', last: '11.0.0.0' }] })).toEqual([])
    expect(blockedRanges({ blocked, allowed: [{ first: '10.0.0.200', last: '10.1.0.0' }] })).toEqual([
      { first: '10.0.0.0', last: '10.0.0.199' },
    ])
  })

  it('knows both kinds of addresses, and keeps them apart', () => {
    const allowed = [{ first: '127.0.0.1' }, { first: '2001:db8::', last: '2001:db8::ffff' }]
    expect(blockedRanges({ blocked: ALL_ADDRESSES, allowed })).toEqual([
      { first: '0.0.0.0', last: '127.0.0.0' },
      { first: '127.0.0.2', last: '255.255.255.255' },
      { first: '0:0:0:0:0:0:0:0', last: '2001:db7:ffff:ffff:ffff:ffff:ffff:ffff' },
      { first: '2001:db8:0:0:0:0:1:0', last: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' },
    ])
    expect(blockedRanges({ blocked: [{ first: '::ffff:10.0.0.1' }] })).toEqual([
      { first: '0:0:0:0:0:ffff:a00:1', last: '0:0:0:0:0:ffff:a00:1' },
    ])
  })

  it('refuses what is no range', () => {
    for (const range of [
      { first: 'a' },
      { first: '10.0.0.2', last: '10.0.0.1' },
      { first: '10.0.0.1', last: '::1' },
    ]) {
      expect(() => blockedRanges({ blocked: [range] })).toThrow(RangeError)
    }
  })
})

describe('statistics', () => {
  it('are one snapshot of sessions, torrents and storages', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    await fakes.swarm.deliverPiece(torrent.id, 0)
    const savePath = await createFolder()
    await fakes.client.add(createTestTorrent({ name: 'f' }).torrentFile, { storage: 'files', savePath })
    expect(await fakes.client.statistics()).toMatchObject({
      torrents: 2,
      downloadedBytes: test.pieceLengthBytes,
      storage: {
        writtenPieces: 1,
        writtenBytes: test.pieceLengthBytes,
        openStorages: 1,
        openCalls: 0,
        failedCalls: 0,
      },
      sessions: [{ kind: 'own' }, { kind: 'files' }],
    })
    await fakes.client.close()
    const closed = Promise.resolve().then(() => fakes.client.statistics())
    expect(await rejectionOf(closed)).toMatchObject({ code: 'CLIENT_CLOSED' })
  })
})
