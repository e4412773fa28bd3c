import assert from 'node:assert/strict'
import type { TestApi } from '@bae/native/testing'
import type { ResumeStore } from '../resume-store.js'

export interface ResumeStoreSubject {
  create(): Promise<ResumeStore>
  /** What a restart of the process would open; left out for a store that does not outlive it. */
  reopen?(store: ResumeStore): Promise<ResumeStore>
}

const id = '0190a000-0000-7000-8000-00000000000a'
const otherId = '0190a000-0000-7000-8000-00000000000b'

/** The contract of a ResumeStore, clause by clause. */
export function resumeStoreCompliance({ it }: TestApi, subject: ResumeStoreSubject): void {
  it('gives back what was saved, byte for byte', async () => {
    const store = await subject.create()
    const record = Uint8Array.from({ length: 5000 }, (_, index) => index)
    await store.save(id, record)
    assert.deepEqual(bytesOf(await store.load(id)), record)
  })

  it('has no record that was never saved', async () => {
    const store = await subject.create()
    assert.equal(await store.load(id), undefined)
    assert.deepEqual(await idsOf(store), [])
  })

  it('replaces a record whole, also by a shorter one and an empty one', async () => {
    const store = await subject.create()
    await store.save(id, Uint8Array.of(1, 2, 3))
    await store.save(id, Uint8Array.of(4))
    assert.deepEqual(bytesOf(await store.load(id)), Uint8Array.of(4))
    await store.save(id, new Uint8Array())
    assert.deepEqual(bytesOf(await store.load(id)), new Uint8Array())
  })

  it('keeps what was saved, whatever becomes of the buffer', async () => {
    const store = await subject.create()
    const record = Uint8Array.of(1, 2, 3)
    await store.save(id, record)
    record.fill(9)
    assert.deepEqual(bytesOf(await store.load(id)), Uint8Array.of(1, 2, 3))
  })

  it('lists every record once, and none that was deleted', async () => {
    const store = await subject.create()
    await store.save(id, Uint8Array.of(1))
    await store.save(otherId, Uint8Array.of(2))
    await store.save(id, Uint8Array.of(3))
    assert.deepEqual(await idsOf(store), [id, otherId])
    await store.delete(id)
    await store.delete(id)
    assert.deepEqual(await idsOf(store), [otherId])
    assert.equal(await store.load(id), undefined)
  })

  it('lets one of two saves at once win whole', async () => {
    const store = await subject.create()
    await Promise.all([
      store.save(id, new Uint8Array(3000).fill(1)),
      store.save(id, new Uint8Array(2000).fill(2)),
    ])
    const record = await store.load(id)
    assert.ok(record?.length === 3000 || record?.length === 2000)
    assert.equal(new Set(record).size, 1)
    assert.deepEqual(await idsOf(store), [id])
  })

  it('keeps a hundred at once apart', async () => {
    const store = await subject.create()
    const ids = Array.from({ length: 100 }, (_, index) => `torrent-${String(index).padStart(3, '0')}`)
    await Promise.all(ids.map((each, index) => store.save(each, Uint8Array.of(index))))
    assert.deepEqual(await idsOf(store), ids)
    assert.deepEqual(bytesOf(await store.load('torrent-042')), Uint8Array.of(42))
  })

  const { reopen } = subject
  if (reopen === undefined) return
  it('has after a restart what was saved, and not what was deleted', async () => {
    const store = await subject.create()
    await store.save(id, Uint8Array.of(1))
    await store.save(otherId, Uint8Array.of(2))
    await store.delete(otherId)
    const again = await reopen(store)
    assert.deepEqual(await idsOf(again), [id])
    assert.deepEqual(bytesOf(await again.load(id)), Uint8Array.of(1))
  })
}

async function idsOf(store: ResumeStore): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const each of store.list()) ids.push(each)
  return ids.sort()
}

/** A Buffer is not deeply equal to a Uint8Array. */
function bytesOf(record: Uint8Array | undefined): Uint8Array | undefined {
  return record && Uint8Array.from(record)
}
