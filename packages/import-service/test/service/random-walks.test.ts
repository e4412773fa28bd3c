import type { TorrentId } from '@bae/storage'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ImportEvent } from '../../src/database/import-event.js'
import { type ImportCause, importCauses, nextState } from '../../src/import-machine.js'
import { failureOf } from '../support/failures.js'
import {
  magnetSource,
  settle,
  TestLibrary,
  type TestService,
  torrentSource,
} from '../support/test-service.js'
import '../support/same-examples.js'

const limits = { activeDownloads: 2, activeSeeds: 1, metadataFetches: 1 }
const names = ['a', 'b', 'c', 'd'] as const

/** What may happen to a library at any time. */
class World {
  readonly library = new TestLibrary()
  services: readonly TestService[] = [this.library.open({ limits }), this.library.open({ limits })]
  readonly ids = new Map<string, TorrentId>()

  async begin(): Promise<void> {
    for (const { service } of this.services) await service.start()
  }

  async submit(name: string, seed: boolean): Promise<void> {
    const isMagnet = name === 'd'
    const source = isMagnet ? magnetSource(name) : torrentSource(name)
    const submitted = this.#service(0).service.submit(source, { seed })
    this.ids.set(name, (await this.#answered(submitted)).id)
  }

  async ask(
    name: string,
    request: (service: TestService['service'], id: TorrentId) => Promise<unknown>,
  ): Promise<void> {
    const id = this.ids.get(name)
    if (id === undefined) return
    const asked = request(this.#service(1).service, id).catch((error: { code?: string }) => {
      // Refused is an answer; everything else is none.
      expect(['IMPORT_NOT_FOUND', 'IMPORT_INCOMPLETE', 'IMPORT_BUSY']).toContain(error.code)
    })
    await this.#answered(asked)
  }

  /** Does `what` to the torrent of the import, where it runs. */
  touch(name: string, what: Touch): void {
    const id = this.ids.get(name)
    for (const service of this.services) if (id && service.client.get(id)) what(service, id)
  }

  async restart(index: number): Promise<void> {
    await this.#service(index).service.close()
    const fresh = this.library.open({ limits })
    this.services = this.services.map((service, each) => (each === index ? fresh : service))
    await fresh.service.start()
  }

  /** From here on everything works and every user wants his import: all are to be completed. */
  async bringAllHome(): Promise<void> {
    for (let rounds = 0; rounds < 30; rounds += 1) {
      for (const [name, id] of this.ids) {
        const record = await this.library.record(id)
        if (record?.state === 'completed') continue
        if (record?.state === 'seeding') await this.ask(name, (service) => service.seed(id, { on: false }))
        if (record?.state === 'paused' && record.pause === 'user')
          await this.ask(name, (service) => service.resume(id))
        if (record?.state === 'cancelled') await this.ask(name, (service) => service.resume(id))
        this.touch(name, (service) => heal(service, id))
      }
      await this.library.pass(60_000, 30_000)
    }
  }

  async close(): Promise<void> {
    for (const service of this.services) await service.service.close()
  }

  /** What is asked of the other service is looked after four times a second, and given up after ten. */
  async #answered<T>(asked: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = (): void => {
      isSettled = true
    }
    asked.then(settled, settled)
    await this.library.pass(500, 250)
    for (let looks = 0; !isSettled && looks < 120; looks += 1) await this.library.pass(250, 250)
    expect(isSettled).toBe(true)
    return await asked
  }

  #service(index: number): TestService {
    return this.services[index] as TestService
  }
}

/** Metadata and pieces come, and there is room. */
function heal(service: TestService, id: TorrentId): void {
  const torrent = service.torrent(id)
  if (torrent.status.uploadMode) torrent.makeRoom()
  if (torrent.layout === undefined) void torrent.deliverMetadata(torrentSource('d').layout!)
  else if (torrent.status.missingPieces !== 0) service.finish(id)
}

interface Step {
  readonly what: string
  readonly run: (world: World) => unknown
}

type Request = (service: TestService['service'], id: TorrentId) => Promise<unknown>
type Touch = (service: TestService, id: TorrentId) => void

const requests: Readonly<Record<string, Request>> = {
  pause: (service, id) => service.pause(id),
  resume: (service, id) => service.resume(id),
  recheck: (service, id) => service.recheck(id),
  cancel: (service, id) => service.cancel(id),
  seed: (service, id) => service.seed(id, { on: true }),
  unseed: (service, id) => service.seed(id, { on: false }),
}

const touches: Readonly<Record<string, Touch>> = {
  piece: (service, id) => service.torrent(id).deliverPiece(0),
  heal,
  failed: (service, id) => service.torrent(id).fail(failureOf('STORAGE_UNAVAILABLE')),
  full: (service, id) => service.torrent(id).fillUp(failureOf('STORAGE_NO_SPACE')),
  away: (service, id) => service.torrent(id).fail(failureOf('STORAGE_DATABASE_UNAVAILABLE')),
}

const name = fc.constantFrom(...names)
const index = fc.constantFrom(0, 1)
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(name, fc.boolean()).map(([each, seed]) => ({
    what: `submit ${each} ${seed}`,
    run: (world: World) => world.submit(each, seed),
  })),
  fc.tuple(name, fc.constantFrom(...Object.entries(requests))).map(([each, [what, request]]) => ({
    what: `${what} ${each}`,
    run: (world: World) => world.ask(each, request),
  })),
  fc.tuple(name, fc.constantFrom(...Object.entries(touches))).map(([each, [what, touch]]) => ({
    what: `${what} ${each}`,
    run: (world: World) => world.touch(each, touch),
  })),
  index.map((each) => ({ what: `restart ${each}`, run: (world: World) => world.restart(each) })),
  index.map((each) => ({
    what: `lose ${each}`,
    run: (world: World) => world.services[each]?.imports.loseClaims(),
  })),
  fc.constantFrom(5_000, 130_000).map((ms) => ({
    what: `pass ${ms}`,
    run: (world: World) => world.library.pass(ms),
  })),
)

describe('whatever happens to the imports of two services', () => {
  it('each step is one of the machine, and all are completed in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 25 }), async (walk) => {
        const world = new World()
        try {
          await world.begin()
          for (const each of names) await world.submit(each, each === 'b')
          for (const step of walk) {
            await step.run(world)
            await settle()
            refuseDoubles(world)
          }
          await world.bringAllHome()
          for (const id of world.ids.values()) {
            expect(await world.library.record(id)).toMatchObject({ state: 'completed' })
          }
          for (const event of await world.library.events()) checkStep(event)
        } finally {
          await world.close()
        }
      }),
      { numRuns: 40 },
    )
  }, 180_000)
})

/** No import runs twice. */
function refuseDoubles({ services }: World): void {
  const running = services.flatMap(({ client, runningIds }) => runningIds.filter((id) => client.get(id)))
  expect(new Set(running).size).toBe(running.length)
}

function checkStep({ from, to, reason }: ImportEvent): void {
  if (from === null) {
    expect(reason.code).toBe('added')
  } else {
    expect(importCauses).toContain(reason.code)
    expect(nextState(from, reason.code as ImportCause)).toBe(to)
  }
}
