import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ControlClient } from '../../src/control/control-client.js'
import { ControlServer } from '../../src/control/control-server.js'
import { FakeService } from '../support/fake-service.js'
import { hashV1, layoutOf } from '../support/records.js'
import { TemporaryFolder } from '../support/temporary-folder.js'

let folder: TemporaryFolder
let service: FakeService
let server: ControlServer

beforeEach(async () => {
  folder = await TemporaryFolder.create()
  service = new FakeService()
  server = await ControlServer.open(
    service.deps(() => layoutOf({ one: 10 })),
    folder.path,
  )
})

afterEach(async () => {
  await server.close()
  await folder[Symbol.asyncDispose]()
})

describe('a call through the control socket', () => {
  const magnet = { torrent: { magnetUri: `magnet:?xt=urn:btih:${hashV1('a')}` } }
  it.each<[string, (client: ControlClient, signal: AbortSignal) => Promise<unknown>]>([
    ['submit', (client, signal) => client.submit(magnet, { signal })],
    ['get', (client, signal) => client.get('a', { signal })],
    ['select', (client, signal) => client.select('a', ['*'], { signal })],
    ['pause', (client, signal) => client.pause('a', { signal })],
    ['resume', (client, signal) => client.resume('a', { signal })],
    ['recheck', (client, signal) => client.recheck('a', { signal })],
    ['cancel', (client, signal) => client.cancel('a', { deleteData: true, signal })],
    ['seed', (client, signal) => client.seed('a', { on: true, signal })],
  ])('ends when it is aborted: %s', async (method, call) => {
    const client = await ControlClient.find(folder.path)
    const stop = new AbortController()
    const reason = new Error('enough')
    service.kept = () => stop.abort(reason)
    await expect(client && call(client, stop.signal)).rejects.toBe(reason)
    expect(service.calls.map(([name]) => name)).toEqual([method])
  })

  it('that is not done in time fails as one that nobody answered', async () => {
    const client = await ControlClient.find(folder.path, { doneWithinMs: 20 })
    service.kept = () => {}
    await expect(client?.pause('a')).rejects.toMatchObject({
      code: 'IMPORT_SERVICE_UNREACHABLE',
      message: `the service of ${folder.path} does not answer within 0.02 s`,
    })
  })
})
