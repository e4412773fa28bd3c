import { expect, it } from 'vitest'
import type { ImportWish } from '../src/database/import-database.js'
import { added, type ImportDatabaseSubject, newId } from './support/database-subject.js'

export function claimClauses(subject: ImportDatabaseSubject): void {
  it('what is claimed cannot be claimed again, by another process or the same one', async () => {
    await using imports = await subject.create()
    await using other = await subject.join(imports)
    const [{ id }, { id: free }] = [await added(imports), await added(imports)]
    const claim = await imports.claim(id)
    expect(claim?.lost.aborted).toBe(false)
    expect(await imports.claim(id)).toBeUndefined()
    expect(await other.claim(id)).toBeUndefined()
    expect(await other.claim(free)).toBeDefined()
  })

  it('an import that is not there cannot be claimed', async () => {
    await using imports = await subject.create()
    expect(await imports.claim(newId())).toBeUndefined()
  })

  it('what is released can be claimed, and releasing twice does not free it for a third', async () => {
    await using imports = await subject.create()
    await using other = await subject.join(imports)
    const { id } = await added(imports)
    const claim = await imports.claim(id)
    await claim?.release()
    expect(claim?.lost.aborted).toBe(false)
    const theirs = await other.claim(id)
    expect(theirs).toBeDefined()
    await claim?.release()
    expect(await imports.claim(id)).toBeUndefined()
    await theirs?.release()
    expect(await imports.claim(id)).toBeDefined()
  })

  it('of many who claim an import at once, one gets it', async () => {
    await using imports = await subject.create()
    await using other = await subject.join(imports)
    const { id } = await added(imports)
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, turn) => (turn % 2 ? imports : other).claim(id)),
    )
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1)
  })

  it('closing frees what is claimed', async () => {
    await using imports = await subject.create()
    const other = await subject.join(imports)
    const { id } = await added(imports)
    const claim = await other.claim(id)
    await other.close()
    expect(claim?.lost.aborted).toBe(false)
    expect(await imports.claim(id)).toBeDefined()
  })

  it('libraries do not meet', async () => {
    await using imports = await subject.create()
    await using elsewhere = await subject.create()
    const record = await added(imports)
    await elsewhere.saveImport(record)
    expect(await imports.claim(record.id)).toBeDefined()
    expect(await elsewhere.claim(record.id)).toBeDefined()
  })
}

export function leaseClauses(subject: ImportDatabaseSubject): void {
  it('the token of a claim is larger than that of every claim before, whatever became of the import', async () => {
    await using imports = await subject.create()
    const record = await added(imports)
    const tokens: number[] = []
    for (let turn = 0; turn < 3; turn++) {
      await using claim = await imports.claim(record.id)
      tokens.push(claim!.token)
    }
    await imports.deleteImport(record.id)
    await imports.saveImport(record)
    tokens.push((await imports.claim(record.id))!.token)
    tokens.push((await imports.claim((await added(imports)).id))!.token)
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b))
  })

  it('a claim writes its import, and none once it is released', async () => {
    await using imports = await subject.create()
    const record = await added(imports)
    const claim = await imports.claim(record.id)
    await imports.saveImport({ ...record, state: 'verifying' }, { claim: claim! })
    expect(await imports.findImport(record.id)).toEqual({ ...record, state: 'verifying' })
    await claim?.release()
    const late = imports.saveImport({ ...record, state: 'completed' }, { claim: claim! })
    await expect(late).rejects.toMatchObject({ code: 'IMPORT_LEASE_LOST' })
    const removal = imports.deleteImport(record.id, { claim: claim! })
    await expect(removal).rejects.toMatchObject({ code: 'IMPORT_LEASE_LOST' })
    expect(await imports.findImport(record.id)).toEqual({ ...record, state: 'verifying' })
  })

  it('a claim is for its import alone', async () => {
    await using imports = await subject.create()
    const [record, other] = [await added(imports), await added(imports)]
    const claim = await imports.claim(record.id)
    await expect(imports.saveImport(other, { claim: claim! })).rejects.toMatchObject({
      code: 'IMPORT_LEASE_LOST',
    })
  })

  it('whoever was stopped beyond its lease loses what others take, and writes no more of it', async () => {
    await using imports = await subject.create()
    await using zombie = await subject.join(imports)
    const [record, left] = [await added(imports), await added(imports)]
    const before = (await zombie.claim(record.id))!
    const kept = (await zombie.claim(left.id))!
    expect(await imports.claim(record.id)).toBeUndefined()
    await subject.expire(zombie)
    const claim = (await imports.claim(record.id))!
    expect(claim.token).toBeGreaterThan(before.token)
    const event = { atMs: 1, from: 'downloading', reason: { code: 'completed' } } as const
    const late = zombie.saveImport({ ...record, state: 'completed' }, { claim: before, event })
    await expect(late).rejects.toMatchObject({ code: 'IMPORT_LEASE_LOST' })
    expect(await imports.findImport(record.id)).toEqual(record)
    expect((await imports.readEvents({ after: 0, limit: 1 })).events).toEqual([])
    await expect.poll(() => before.lost.aborted).toBe(true)
    expect(before.lost.reason).toMatchObject({ code: 'IMPORT_LEASE_LOST' })
    // Its release is not ours.
    await before.release()
    await imports.saveImport({ ...record, state: 'verifying' }, { claim })
    // What nobody took it still has.
    await zombie.saveImport({ ...left, state: 'verifying' }, { claim: kept })
    expect(kept.lost.aborted).toBe(false)
  })
}

export function dueClauses(subject: ImportDatabaseSubject): void {
  it('what is due is claimed oldest first, with its .torrent file, up to the limit', async () => {
    await using imports = await subject.create()
    const [late, early, middle] = [
      await added(imports, { addedAtMs: 30 }),
      await added(imports, { addedAtMs: 10 }),
      await added(imports, { addedAtMs: 20, state: 'queued' }),
    ]
    await added(imports, { addedAtMs: 5, state: 'completed' })
    const query = { states: ['queued', 'downloading'], limit: 2, nowMs: 0 } as const
    const first = await imports.claimDue(query)
    expect(first.map(({ record }) => record)).toEqual([early, middle])
    await imports.saveImport({ ...early!, state: 'verifying' }, { claim: first[0]!.claim })
    const second = await imports.claimDue(query)
    expect(second.map(({ record }) => record)).toEqual([late])
    expect(await imports.claimDue(query)).toEqual([])
    await first[1]!.claim.release()
    expect((await imports.claimDue(query)).map(({ record }) => record)).toEqual([middle])
  })

  it('what failed is due when it is to be tried again, and what its user paused never is', async () => {
    await using imports = await subject.create()
    const error = { code: 'X', message: 'y' }
    await added(imports, { state: 'failed', error, retry: { attempts: 9 } })
    await added(imports, { state: 'failed', error })
    await added(imports, { state: 'paused', pause: 'user' })
    const full = await added(imports, { state: 'paused', pause: 'noSpace', addedAtMs: 1 })
    const again = await added(imports, { state: 'failed', error, retry: { attempts: 1, atMs: 500 } })
    const due = async (nowMs: number) => {
      const claimed = await imports.claimDue({ states: ['failed', 'paused'], limit: 10, nowMs })
      for (const { claim } of claimed) await claim.release()
      return claimed.map(({ record }) => record.id)
    }
    expect(await due(499)).toEqual([full.id])
    expect(await due(500)).toEqual([full.id, again.id])
  })

  it('what was tried goes behind what was not, and waits for its time in every state', async () => {
    await using imports = await subject.create()
    const tried = await added(imports, { addedAtMs: 1, state: 'queued', retry: { attempts: 1, atMs: 200 } })
    const before = await added(imports, { addedAtMs: 2, state: 'queued', retry: { attempts: 2, atMs: 100 } })
    const waits = await added(imports, {
      addedAtMs: 3,
      state: 'paused',
      pause: 'noSpace',
      retry: { attempts: 1, atMs: 300 },
    })
    const fresh = await added(imports, { addedAtMs: 4, state: 'queued' })
    const query = { states: ['queued', 'paused'], limit: 3 } as const
    const first = await imports.claimDue({ ...query, nowMs: 299 })
    expect(first.map(({ record }) => record.id)).toEqual([fresh.id, before.id, tried.id])
    const second = await imports.claimDue({ ...query, nowMs: 300 })
    expect(second.map(({ record }) => record.id)).toEqual([waits.id])
  })

  it('of a process that was stopped beyond its lease all is due', async () => {
    await using imports = await subject.create()
    await using zombie = await subject.join(imports)
    const records = [await added(imports, { addedAtMs: 1 }), await added(imports, { addedAtMs: 2 })]
    const query = { states: ['downloading'], limit: 10, nowMs: 0 } as const
    const before = await zombie.claimDue(query)
    expect(await imports.claimDue(query)).toEqual([])
    await subject.expire(zombie)
    expect((await imports.claimDue(query)).map(({ record }) => record)).toEqual(records)
    for (const { claim } of before) await expect.poll(() => claim.lost.aborted).toBe(true)
  })

  it('of two processes that ask at once none gets what the other gets, and together they get all', async () => {
    await using imports = await subject.create()
    await using other = await subject.join(imports)
    const records = await Promise.all(
      Array.from({ length: 20 }, (_, turn) => added(imports, { addedAtMs: turn })),
    )
    const query = { states: ['downloading'], limit: 3, nowMs: 0 } as const
    const claimed: string[] = []
    while (claimed.length < records.length) {
      const both = await Promise.all([imports, other].map((one) => one.claimDue(query)))
      claimed.push(...both.flat().map(({ record }) => record.id))
    }
    expect(claimed.sort()).toEqual(records.map(({ id }) => id).sort())
  })
}

export function wishClauses(subject: ImportDatabaseSubject): void {
  const wishes: readonly ImportWish[] = [
    { kind: 'pause' },
    { kind: 'cancel', deleteData: true },
    { kind: 'seed', on: false },
    { kind: 'select', globs: ['*.flac', 'a\u0000b \ud800'] },
  ]

  it('a wish is heard by whoever has the import, and stays until it is answered', async () => {
    await using imports = await subject.create()
    await using other = await subject.join(imports)
    const record = await added(imports)
    const claim = (await imports.claim(record.id))!
    const heard: ImportWish[] = []
    const stop = claim.onWish((wish) => heard.push(wish))
    for (const wish of wishes) {
      expect(await other.wish(record.id, wish)).toBe(true)
      await expect.poll(() => heard.at(-1)).toEqual(wish)
      expect(await imports.findImport(record.id)).toEqual({ ...record, wish })
      // Whoever knows nothing of it does not take it back.
      await imports.saveImport(record, { claim })
      expect(await imports.findImport(record.id)).toEqual({ ...record, wish })
    }
    const [first] = wishes
    await imports.saveImport(record, { claim, answered: first! })
    expect(await imports.findImport(record.id)).toMatchObject({ wish: wishes.at(-1) })
    await imports.saveImport(record, { claim, answered: wishes.at(-1)! })
    expect(await imports.findImport(record.id)).toEqual(record)
    // The same one again is a new one.
    await other.wish(record.id, wishes.at(-1)!)
    await expect.poll(() => heard.length).toBe(wishes.length + 1)
    stop()
    await other.wish(record.id, first!)
    await expect.poll(async () => (await imports.findImport(record.id))?.wish).toEqual(first)
    expect(heard).toHaveLength(wishes.length + 1)
  })

  it('a wish that nobody has heard is there for who comes next', async () => {
    await using imports = await subject.create()
    const record = await added(imports, { state: 'queued' })
    await imports.wish(record.id, { kind: 'pause' })
    expect(await imports.listImports()).toMatchObject([{ wish: { kind: 'pause' } }])
    const [due] = await imports.claimDue({ states: ['queued'], limit: 1, nowMs: 0 })
    expect(due?.record.wish).toEqual({ kind: 'pause' })
    expect(await new Promise((resolve) => due?.claim.onWish(resolve))).toEqual({ kind: 'pause' })
  })

  it('of what is not there nothing can be wished', async () => {
    await using imports = await subject.create()
    expect(await imports.wish(newId(), { kind: 'pause' })).toBe(false)
  })
}
