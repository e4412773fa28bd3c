import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Claim } from '../src/database/import-database.js'
import { HeldBackServer, plainServer } from './database-server.js'
import { added } from './support/database-subject.js'
import { ImportsOnPostgres } from './support/imports-on-postgres.js'

let postgres: ImportsOnPostgres

beforeAll(async () => {
  postgres = await ImportsOnPostgres.start()
})

afterAll(() => postgres.stop())

/** Two processes of one library, the first of which waits for the test when it wants to connect again. */
async function openTwo() {
  const held = new HeldBackServer(plainServer(postgres.server.url))
  const imports = await postgres.open({ server: held })
  const other = await postgres.join(imports)
  const [a, b] = [(await added(imports)).id, (await added(imports)).id]
  return { held, imports, other, a, b }
}

/** The server says goodbye before it frees what the session had. */
async function untilClaimed(claim: () => Promise<Claim | undefined>): Promise<Claim> {
  for (;;) {
    const claimed = await claim()
    if (claimed !== undefined) return claimed
  }
}

describe('leases whose connection breaks', () => {
  it('are kept, and nobody else gets them afterwards', async () => {
    const { imports, other, a, b } = await openTwo()
    const claims = [await imports.claim(a), await imports.claim(b)]
    const before = await postgres.breakSession()
    const isBack = async () =>
      (await postgres.livingSessions()).filter((session) => session !== before).length
    await expect.poll(isBack).toBe(1)
    expect(await imports.claim(a)).toBeUndefined()
    expect(await other.claim(b)).toBeUndefined()
    expect(claims.map((claim) => claim?.lost.aborted)).toEqual([false, false])
    const record = (await imports.findImport(a))!
    await imports.saveImport({ ...record, state: 'verifying' }, { claim: claims[0]! })
    for (const claim of claims) await claim?.release()
    expect(await other.claim(a)).toBeDefined()
    await Promise.all([imports.close(), other.close()])
  })

  it.each([
    ['has', async () => undefined],
    ['had for a moment', async (theirs: Claim) => await theirs.release()],
  ])('are lost where somebody else %s them', async (_, then) => {
    const { held, imports, other, a, b } = await openTwo()
    const claims = [(await imports.claim(a))!, (await imports.claim(b))!]
    held.hold()
    await postgres.breakSession()
    await expect.poll(() => held.waiting).toBe(1)
    const theirs = await untilClaimed(() => other.claim(a))
    await then(theirs)
    const lost = once(claims[0]!.lost, 'abort')
    held.goOn()
    await lost
    expect(claims[0]!.lost.reason).toMatchObject({ code: 'IMPORT_LEASE_LOST' })
    // The other one is still had.
    expect(await other.claim(b)).toBeUndefined()
    expect(claims[1]!.lost.aborted).toBe(false)
    await theirs.release()
    await claims[0]!.release()
    expect(await imports.claim(a)).toBeDefined()
    await Promise.all([imports.close(), other.close()])
  })

  it('are lost with the cause where the server stays away', async () => {
    const { held, imports, other, a } = await openTwo()
    const claim = (await imports.claim(a))!
    held.hold()
    const lost = once(claim.lost, 'abort')
    await postgres.breakSession()
    await expect.poll(() => held.waiting).toBe(1)
    held.giveUp(new Error('it was waited for'))
    await lost
    expect(claim.lost.reason).toMatchObject({
      code: 'IMPORT_DATABASE',
      message: expect.stringContaining('it was waited for'),
      cause: expect.objectContaining({ code: '57P01' }),
    })
    await claim.release()
    await untilClaimed(() => other.claim(a))
    await Promise.all([imports.close(), other.close()])
  })

  it('may be released meanwhile', async () => {
    const { held, imports, other, a } = await openTwo()
    const claim = (await imports.claim(a))!
    held.hold()
    await postgres.breakSession()
    await expect.poll(() => held.waiting).toBe(1)
    await claim.release()
    held.goOn()
    await untilClaimed(() => other.claim(a))
    expect(claim.lost.aborted).toBe(false)
    await Promise.all([imports.close(), other.close()])
  })

  it('outlive a restart of the server, in which nobody is taken for dead', async () => {
    const { held, imports, other, a } = await openTwo()
    const claim = (await imports.claim(a))!
    // It waits for who was there two seconds from its start on, in which a busy machine may do nothing of this.
    const schema = postgres.schemaOf(imports)
    await postgres.query(`CREATE FUNCTION ${schema}.pg_postmaster_start_time() RETURNS timestamptz
      LANGUAGE sql AS $$ SELECT clock_timestamp() - interval '1 s' $$`)
    held.hold()
    await postgres.server.restart()
    const theirs = other.claim(a)
    const asks = `SELECT FROM pg_stat_activity WHERE query LIKE '%JOIN import_owner ON%' AND pid <> pg_backend_pid()`
    await expect.poll(async () => (await postgres.query(asks)).length).toBe(1)
    await expect.poll(() => held.waiting).toBe(1)
    held.goOn()
    expect(await theirs).toBeUndefined()
    expect(claim.lost.aborted).toBe(false)
    await Promise.all([imports.close(), other.close()])
  })

  it('of a process that does not come back after a restart of the server can be had soon', async () => {
    const { held, imports, other, a } = await openTwo()
    await imports.claim(a)
    held.hold()
    await postgres.server.restart()
    expect(await other.claim(a)).toBeDefined()
    held.goOn()
    await Promise.all([imports.close(), other.close()])
  })
})

describe('the heartbeat', () => {
  const leaseMs = 500

  it('moves the lease on, once for all imports of a process', async () => {
    await using imports = await postgres.open({ leaseMs })
    for (let turn = 0; turn < 3; turn++) await imports.claim((await added(imports)).id)
    const text = `SELECT id, expires_at FROM ${postgres.schemaOf(imports)}.import_owner`
    const [before, ...others] = await postgres.query<{ expires_at: Date }>(text)
    expect(others).toEqual([])
    const now = async () => (await postgres.query<{ expires_at: Date }>(text))[0]?.expires_at.getTime()
    await expect.poll(now).toBeGreaterThan(before!.expires_at.getTime() + leaseMs)
  })

  it('that stops hands the imports to others when the lease is over, though the connection still stands', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] })
    await using stopped = await postgres.open({ leaseMs })
    await using imports = await postgres.join(stopped)
    await imports.claim((await added(imports)).id)
    const { id } = await added(imports)
    const claim = (await stopped.claim(id))!
    vi.useRealTimers()
    const schema = postgres.schemaOf(stopped)
    const [lease] = await postgres.query<{ over: Date }>(`SELECT expires_at AS over
      FROM ${schema}.import_owner JOIN ${schema}.import ON owner = import_owner.id WHERE import.id = '${id}'`)
    await expect.poll(() => imports.claim(id)).toBeDefined()
    const [clock] = await postgres.query<{ now: Date }>('SELECT clock_timestamp() AS now')
    expect(clock!.now.getTime()).toBeGreaterThanOrEqual(lease!.over.getTime())
    await expect.poll(() => postgres.livingSessions()).toHaveLength(2)
    await expect.poll(() => claim.lost.aborted).toBe(true)
  })

  it('lets go of what the process has without knowing it', async () => {
    await using imports = await postgres.open({ leaseMs })
    await imports.claim((await added(imports)).id)
    const { id } = await added(imports)
    const schema = postgres.schemaOf(imports)
    await postgres.query(`UPDATE ${schema}.import SET owner = (SELECT id FROM ${schema}.import_owner)`)
    await expect.poll(() => imports.claim(id)).toBeDefined()
  })

  it('of a process that was forgotten says that its imports are lost, and it may claim again', async () => {
    await using imports = await postgres.open({ leaseMs })
    const { id } = await added(imports)
    const claim = (await imports.claim(id))!
    const lost = once(claim.lost, 'abort')
    const schema = postgres.schemaOf(imports)
    await postgres.query(
      `WITH gone AS (DELETE FROM ${schema}.import_owner) UPDATE ${schema}.import SET owner = NULL`,
    )
    await lost
    expect(claim.lost.reason).toMatchObject({ code: 'IMPORT_LEASE_LOST' })
    expect(await imports.claim(id)).toBeDefined()
  })
})

describe('the imports of a process', () => {
  it('can be had at once when it is killed', async () => {
    await using imports = await postgres.open()
    const { id } = await added(imports)
    // The lease itself would last for an hour.
    const script = `
      const { Client } = require('pg')
      const [url, schema, owner] = process.argv.slice(1)
      const client = new Client({ connectionString: url })
      client.connect().then(() => client.query(\`SET search_path = \${schema};
        SELECT pg_advisory_lock_shared(hashtextextended('bae \${owner}', 0));
        INSERT INTO import_owner VALUES ('\${owner}', clock_timestamp() + interval '1 h');
        UPDATE import SET owner = '\${owner}'\`)).then(() => process.stdout.write('claimed'))
    `
    const args = ['-e', script, postgres.server.url, postgres.schemaOf(imports), randomUUID()]
    const other = spawn(process.execPath, args, {
      cwd: new URL('..', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(other.stdout, 'data')
    expect(await imports.claim(id)).toBeUndefined()
    other.kill('SIGKILL')
    await once(other, 'exit')
    await expect.poll(() => imports.claim(id)).toBeDefined()
  })

  it('are never those of another one, however often both ask at once for what is due', async () => {
    await using imports = await postgres.open()
    await using other = await postgres.join(imports)
    for (let addedAtMs = 0; addedAtMs < 6; addedAtMs++) await added(imports, { addedAtMs })
    const query = { states: ['downloading'], limit: 4, nowMs: 0 } as const
    for (let turn = 0; turn < 200; turn++) {
      const claimed = (await Promise.all([imports, other].map((one) => one.claimDue(query)))).flat()
      const ids = claimed.map(({ record }) => record.id)
      expect(ids).toHaveLength(new Set(ids).size)
      expect(ids.length).toBeGreaterThanOrEqual(4)
      await Promise.all(claimed.map(({ claim }) => claim.release()))
    }
  })
})
