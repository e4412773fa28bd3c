import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestTorrent } from '@bae/client/testing'
import { expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { baeJson } from '../harness/bae-process.js'
import { poll } from '../harness/bounded-wait.js'
import { LibraryRecords } from '../harness/library-records.js'
import { RawSeed } from '../harness/peers/raw-seed.js'
import { ServiceMember } from '../harness/service-member.js'
import { SharedServer } from '../harness/shared-server.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'

const imports = 12
const eachBytes = 3 * mebibyte
const pieceLengthBytes = 64 * kibibyte
const pieceCount = eachBytes / pieceLengthBytes
const chunks = imports * (eachBytes / mebibyte)
/** A process that lives must not miss five of its beats, however busy the machine is. */
const leaseMs = 5_000
/** What a seed gives before it is told to go on: some pieces of each import. */
const firstBlocks = 32
const env = { BAE_ACTIVE_DOWNLOADS: '4', BAE_ENCRYPTION: 'disabled' }

it('three services share the imports of a library, and go on where one is killed and one is stopped beyond its lease', async () => {
  await using server = await SharedServer.start()
  await using library = await BaeLibrary.create({ BAE_DATABASE_URL: server.url })
  const members = [await openMember(library), await openMember(library), await openMember(library)]
  await using _ = { [Symbol.asyncDispose]: () => endAll(members) }
  await using seeds = await Seeds.start(library, members[0])
  await using records = await LibraryRecords.open(library, server.url)

  await Promise.all(members.map((member) => member.start()))
  const [busiest, sleeper, other] = await byPieces(members)
  const ofSleeper = (await sleeper.running()).map(({ id }) => id as string)
  await busiest.kill()
  await sleeper.stopAt('keys of a batch are known')
  seeds.allow(firstBlocks)
  await sleeper.whenStopped()
  const recorded = await records.completedPieces()
  seeds.forgetRequests()
  // Room for all that the other two have had.
  await other.limit(imports)
  await poll(60_000, 'what the stopped one had at the other', async () => {
    const running = new Set((await other.running()).map(({ id }) => id as string))
    return ofSleeper.every((id) => running.has(id)) ? true : undefined
  })
  sleeper.goOn()
  const refused = await poll(60_000, 'the late write refused', () =>
    sleeper.log.find(({ err }) => err?.code === 'STORAGE_FENCED'),
  )
  expect(ofSleeper).toContain(refused.torrentId)
  seeds.allow(Number.POSITIVE_INFINITY)
  await poll(60_000, 'every import complete', async () => {
    const states = [...(await records.states()).values()]
    return states.length === imports && states.every((state) => state === 'completed') ? true : undefined
  })

  const lost = sleeper.log.filter(({ error }) => error?.code === 'IMPORT_LEASE_LOST')
  expect(new Set(lost.map(({ importId }) => importId))).toEqual(new Set(ofSleeper))
  // What was recorded when the two were gone nobody has asked for again.
  for (const [id, pieces] of recorded)
    expect([...seeds.requestsOf(id)].filter((piece) => pieces.has(piece))).toEqual([])
  await expectRecordedOnce(records)
  await endAll(members)
  const verified = await baeJson<readonly { bad: readonly unknown[]; pieces: number }[]>(library, ['verify'])
  expect(verified.map(({ bad, pieces }) => [bad, pieces])).toEqual(Array(imports).fill([[], pieceCount]))
  expect(await library.chunkFiles()).toHaveLength(chunks)
})

/** Each piece has its bit, each chunk its one reference, and each import has ended once. */
async function expectRecordedOnce(records: LibraryRecords): Promise<void> {
  const completed = [...(await records.completedPieces()).values()]
  expect(completed.map(({ size }) => size)).toEqual(Array(imports).fill(pieceCount))
  expect(await records.chunksByReferences()).toEqual({ 1: chunks })
  const finished = (await records.events()).filter(({ cause }) => cause === 'finished')
  expect(finished).toHaveLength(imports)
  expect(new Set(finished.map(({ importId }) => importId)).size).toBe(imports)
}

async function openMember(library: BaeLibrary): Promise<ServiceMember> {
  return await ServiceMember.open(library, { leaseMs, env })
}

async function endAll(members: readonly ServiceMember[]): Promise<void> {
  await Promise.all(members.map((member) => member[Symbol.asyncDispose]()))
}

/** Once all have their share and something of it: the one with the most pieces first. */
async function byPieces(
  members: readonly ServiceMember[],
): Promise<[ServiceMember, ServiceMember, ServiceMember]> {
  const counted = await poll(60_000, 'pieces of each import', async () => {
    const counts = await Promise.all(members.map(countPieces))
    return counts.every(({ least }) => least > 2) ? counts : undefined
  })
  const [first, second, third] = counted.sort((a, b) => b.pieces - a.pieces).map(({ member }) => member)
  if (!first || !second || !third) throw new Error('there are three')
  return [first, second, third]
}

async function countPieces(member: ServiceMember) {
  const counts = (await member.running()).map(({ pieces }) => pieces)
  const least = counts.length < imports / 3 ? 0 : Math.min(...counts)
  return { member, least, pieces: counts.reduce((sum, pieces) => sum + pieces, 0) }
}

/** A peer for each import, which knows what it was asked for. */
class Seeds implements AsyncDisposable {
  readonly #seeds: RawSeed[] = []
  readonly #requests = new Map<string, Set<number>>()

  static async start(library: BaeLibrary, member: ServiceMember | undefined): Promise<Seeds> {
    const seeds = new Seeds()
    for (let number = 0; number < imports; number += 1) {
      const test = createTestTorrent({
        name: `import ${number}`,
        pieceLengthBytes,
        files: { 'only.bin': eachBytes },
      })
      const requests = new Set<number>()
      const tamper = (bytes: Uint8Array, { piece }: { readonly piece: number }) => {
        requests.add(piece)
        return bytes
      }
      const raw = { ...test, infoHash: Buffer.from(test.infoHashV1, 'hex') }
      const seed = await RawSeed.start(raw, { tamper, blocks: firstBlocks })
      seeds.#seeds.push(seed)
      const path = join(library.temporaryFolder, `${number}.torrent`)
      await writeFile(path, test.torrentFile)
      const id = await member?.add(path, [seed.address])
      if (id !== undefined) seeds.#requests.set(id, requests)
    }
    return seeds
  }

  requestsOf(id: string): ReadonlySet<number> {
    return this.#requests.get(id) ?? new Set()
  }

  allow(blocks: number): void {
    for (const seed of this.#seeds) seed.allow(blocks)
  }

  forgetRequests(): void {
    for (const requests of this.#requests.values()) requests.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const seed of this.#seeds) await seed.close()
  }
}
