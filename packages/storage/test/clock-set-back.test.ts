import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import type { ChunkKey } from '../src/chunk-store.js'
import { sampleKey, sampleRecord, sealed } from '../src/compliance/database-samples.js'
import { openTypeOrmDatabase } from '../src/typeorm/index.js'
import { CuttableWay } from './cut-connections.js'
import { ThrowawayServer } from './throwaway-server.js'

let server: ThrowawayServer
let way: CuttableWay

beforeAll(async () => {
  server = await ThrowawayServer.make()
  await server.start()
  way = await CuttableWay.listen(join(server.directory, '.s.PGSQL.5432'))
})

afterEach(() => void vi.restoreAllMocks())

afterAll(async () => {
  await way.close()
  await server.remove()
})

it.each(['recorded', 'deleted'])(
  'chunks that somebody was about to delete are %s in time also where the clock of the server is set back',
  async (what) => {
    const schema = `test_${what}`
    const url = `postgres://bae@127.0.0.1:${way.port}/postgres`
    await using database = await openTypeOrmDatabase({ url, schema })
    const record = sampleRecord(9)
    const key = sampleKey('x')
    await database.saveTorrent(record)
    let skippedMs = 0
    const nowMs = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs() + skippedMs)
    const gone: ChunkKey[] = []
    await database.orphans.forgetUnknown([key], async () => {
      await server.query(`UPDATE "${schema}".chunk SET last_used = last_used + 86400`)
      const ending =
        what === 'recorded'
          ? database.recordProgress(record.id, { completedPieces: [], sealedChunks: [sealed(0, 'x', 77)] })
          : database.forgetChunks([key], async (keys) => void gone.push(...keys))
      await Promise.race([ending, way.whenSent('ROLLBACK')])
      expect(await database.chunkLengths([key])).toEqual(new Map([[key, 0]]))
      // At the end of an attempt: one that is under way would find that its own time is over.
      await Promise.race([ending, way.whenSent('ROLLBACK')])
      skippedMs = 15_001
      await ending
    })
    expect(gone).toEqual(what === 'recorded' ? [] : [key])
    expect(await database.chunkLengths([key])).toEqual(new Map(what === 'recorded' ? [[key, 77]] : []))
  },
)
