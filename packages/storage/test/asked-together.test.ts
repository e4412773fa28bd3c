import { expect, it } from 'vitest'
import { rejectsWithCode } from '../src/compliance/expectations.js'
import { StorageError } from '../src/errors.js'
import type { TorrentId } from '../src/torrent-layout.js'
import { AskedTogether } from '../src/typeorm/asked-together.js'

const idOf = (number: number) => `0190a2b0-0000-7000-8000-${number.toString().padStart(12, '0')}` as TorrentId

/** Statements that wait until they are told what they end with. */
function heldStatements() {
  const statements: {
    readonly ids: readonly TorrentId[]
    readonly end: () => void
    readonly fail: (error: Error) => void
  }[] = []
  const asked = new AskedTogether<string>(
    (ids) =>
      new Promise((resolve, reject) => {
        const answers = new Map(ids.filter((id) => id !== idOf(404)).map((id) => [id, `of ${id}`]))
        statements.push({ ids, end: () => resolve(answers), fail: reject })
      }),
  )
  return { asked, statements }
}

it('asks at once for who comes alone, and together for those who come meanwhile, each of whom gets its own', async () => {
  const { asked, statements } = heldStatements()
  const first = asked.ask(idOf(1))
  const others = [2, 3, 404, 3].map((number) => asked.ask(idOf(number)))
  expect(statements.map(({ ids }) => ids)).toEqual([[idOf(1)]])
  statements[0]?.end()
  expect(await first).toBe(`of ${idOf(1)}`)
  expect(statements[1]?.ids).toEqual([idOf(2), idOf(3), idOf(404)])
  statements[1]?.end()
  expect(await Promise.all(others)).toEqual([`of ${idOf(2)}`, `of ${idOf(3)}`, undefined, `of ${idOf(3)}`])
})

it('answers nobody with a statement that was on its way before the question', async () => {
  const { asked, statements } = heldStatements()
  const before = asked.ask(idOf(1))
  const after = asked.ask(idOf(1))
  statements[0]?.end()
  await before
  expect(statements).toHaveLength(2)
  statements[1]?.end()
  await after
})

it('tells a failure to those of its statement, and goes on', async () => {
  const { asked, statements } = heldStatements()
  const [first, second, third] = [1, 2, 3].map((number) => asked.ask(idOf(number)))
  const failed = expect(first).rejects.toThrow('away')
  statements[0]?.fail(new Error('away'))
  await failed
  statements[1]?.end()
  expect(await Promise.all([second, third])).toEqual([`of ${idOf(2)}`, `of ${idOf(3)}`])
})

it('asks again for each alone where a statement for several fails, so that only the one that is wrong fails', async () => {
  const { asked, statements } = heldStatements()
  const [first, wrong, right] = [1, 2, 3].map((number) => asked.ask(idOf(number)))
  statements[0]?.end()
  await first
  statements[1]?.fail(new Error('a record cannot be read'))
  await expect.poll(() => statements.slice(2).map(({ ids }) => ids)).toEqual([[idOf(2)], [idOf(3)]])
  const failed = expect(wrong).rejects.toThrow('cannot be read')
  statements[2]?.fail(new Error('a record cannot be read'))
  statements[3]?.end()
  await failed
  expect(await right).toBe(`of ${idOf(3)}`)
})

it('asks nobody’s question again of a server that was waited for in vain', async () => {
  const { asked, statements } = heldStatements()
  const [first, ...others] = [1, 2, 3].map((number) => asked.ask(idOf(number)))
  statements[0]?.end()
  await first
  const failed = others.map((other) => rejectsWithCode('STORAGE_DATABASE_UNAVAILABLE', other))
  statements[1]?.fail(new StorageError('STORAGE_DATABASE_UNAVAILABLE', 'the database server is away'))
  await Promise.all(failed)
  expect(statements).toHaveLength(2)
})

it('asks alone for what is no id, and bounds what it asks for at once', async () => {
  const { asked, statements } = heldStatements()
  const all = Array.from({ length: 101 }, (_, number) => asked.ask(idOf(number)))
  const stranger = asked.ask('no id' as TorrentId)
  expect(statements.map(({ ids }) => ids)).toEqual([[idOf(0)], ['no id']])
  statements[1]?.end()
  await stranger
  statements[0]?.end()
  await all[0]
  expect(statements[2]?.ids).toHaveLength(64)
  statements[2]?.end()
  await all[64]
  expect(statements[3]?.ids).toHaveLength(36)
  statements[3]?.end()
  await Promise.all(all)
})
