import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { bae, baeJson, importTorrent } from '../harness/bae-process.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { expectFailure } from '../harness/expect-failure.js'
import { needs } from '../harness/foreign-program.js'
import { freePort } from '../harness/free-port.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { SharedServer } from '../harness/shared-server.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
let server: SharedServer

// To bae it is a server like any other: only its address is told.
beforeAll(async () => {
  server = await SharedServer.start()
})

afterAll(async () => {
  await server.close()
  await workshop.close()
})

it('with BAE_DATABASE_URL an import keeps its records in that server, and starts none', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.treeTorrent(256 * kibibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create({ BAE_DATABASE_URL: server.url })
  const { id, pieces } = await importTorrent(library, torrent.path, [seed])
  expect(await library.servers()).toEqual([])
  expect(await rowsByTable()).not.toEqual({})
  await expectVerified(library, id, pieces)
  await expectExportEquals(library, id, torrent.content)

  expect(await bae(library, ['remove', id])).toMatchObject({ code: 0 })
  // The log of what happened stays.
  const left = Object.keys(await rowsByTable()).filter((table) => !table.includes('.import_event'))
  expect(left).toEqual([])
})

it('doctor says which server it is and whether the connection is encrypted', async () => {
  await using library = await BaeLibrary.create({ BAE_DATABASE_URL: server.url })
  const { code, stdout } = await bae(library, ['doctor'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/PostgreSQL \d+\.\d+ \(.*\), without TLS/)
})

it('two libraries in one server do not see each other', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(3 * mebibyte, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using first = await BaeLibrary.create({ BAE_DATABASE_URL: server.url })
  await using second = await BaeLibrary.create({ BAE_DATABASE_URL: server.url })
  const { id } = await importTorrent(first, torrent.path, [seed])
  const other = await importTorrent(second, torrent.path, [seed])
  expect(other.id).not.toBe(id)
  expect(await bae(first, ['remove', id])).toMatchObject({ code: 0 })
  await expectVerified(second, other.id, other.pieces)
  expect(await baeJson<unknown[]>(first, ['list'])).toEqual([])
})

it('a server that is not there is told in one sentence that does not show the password', async () => {
  const url = `postgres://bae:secret-word@127.0.0.1:${await freePort()}/bae`
  await using library = await BaeLibrary.create({ BAE_DATABASE_URL: url })
  const source = 'magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567'
  await expectFailure(library, ['import', source], { code: /^(IMPORT|STORAGE)_[A-Z_]+$/ })
  const { stdout, stderr } = await bae(library, ['import', source, '--json'])
  expect(stdout + stderr).not.toContain('secret-word')
})

/** Tables that hold anything, but for those that record migrations, and a row of sums that is always there. */
async function rowsByTable(): Promise<Record<string, number>> {
  const client = new Client({ connectionString: server.url })
  await client.connect()
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema') and tablename not like '%migration%'
       and tablename <> 'cache_usage'`,
    )
    const counts: Record<string, number> = {}
    for (const { name } of tables) {
      const { rows } = await client.query<{ count: string }>(`select count(*) as count from ${name}`)
      if (rows[0]?.count !== '0') counts[name] = Number(rows[0]?.count)
    }
    return counts
  } finally {
    await client.end()
  }
}
