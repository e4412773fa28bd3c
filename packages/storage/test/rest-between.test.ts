import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { layoutOf } from '../src/compliance/layouts.js'
import { writeWhole } from '../src/compliance/storage-subject.js'
import { RestBetween } from '../src/rest-between.js'
import { Library } from './library.js'

const block = 16_384

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Lets everything run that waits for no time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}

async function worked(ms: number): Promise<RestBetween> {
  const rest = new RestBetween()
  await rest.work(async () => {
    vi.advanceTimersByTime(ms)
  })
  return rest
}

async function isOver(resting: Promise<void>): Promise<boolean> {
  let over = false
  void resting.then(() => {
    over = true
  })
  await settle()
  return over
}

it('rests nine times as long as it worked, and not before it has worked', async () => {
  expect(await isOver(new RestBetween().rest())).toBe(true)
  const resting = (await worked(4)).rest()
  vi.advanceTimersByTime(35)
  expect(await isOver(resting)).toBe(false)
  vi.advanceTimersByTime(1)
  expect(await isOver(resting)).toBe(true)
})

it('rests a tenth of a second at most', async () => {
  const resting = (await worked(5_000)).rest()
  vi.advanceTimersByTime(100)
  expect(await isOver(resting)).toBe(true)
})

it('ends a rest when it is told to hurry, and has none once it has ended', async () => {
  const rest = await worked(5_000)
  const resting = rest.rest()
  expect(await isOver(resting)).toBe(false)
  rest.hurry()
  expect(await isOver(resting)).toBe(true)
  expect(await isOver(rest.rest())).toBe(false)
  rest.end()
  expect(await isOver(rest.rest())).toBe(true)
})

/** Seven pieces are written, the first is recorded, and the second completed while a transaction of 10 ms is under way. */
async function storageAtRest() {
  const library = new Library(layoutOf('pieces', block, [7 * block]))
  const storage = await library.open()
  for (let piece = 0; piece < 7; piece++) await writeWhole(storage, library.bytes, piece)
  let second: Promise<void> | undefined
  library.database.beforeRecord = async () => {
    await settle()
    second ??= storage.completePiece(1)
    vi.advanceTimersByTime(10)
  }
  const first = storage.completePiece(0)
  await first
  await settle()
  const recorded = (): readonly (readonly number[])[] =>
    library.database.transactions.map(({ completedPieces }) => completedPieces)
  expect(recorded()).toEqual([[0]])
  return { storage, second, recorded }
}

it('records pieces together that come while it rests', async () => {
  const { storage, second, recorded } = await storageAtRest()
  const third = storage.completePiece(2)
  vi.advanceTimersByTime(80)
  await settle()
  expect(recorded()).toEqual([[0]])
  vi.advanceTimersByTime(10)
  await Promise.all([second, third])
  expect(recorded()).toEqual([[0], [1, 2]])
  await storage.completePiece(3)
  expect(recorded(), 'whoever waits for each piece does not wait for more').toHaveLength(3)
  await storage.close()
})

it('does not rest before the last piece', async () => {
  const { storage, recorded } = await storageAtRest()
  await Promise.all([2, 3, 4, 5, 6].map((piece) => storage.completePiece(piece)))
  expect(recorded()).toEqual([[0], [1, 2, 3, 4, 5, 6]])
  await storage.close()
})

it('does not rest when it is closed', async () => {
  const { storage, second, recorded } = await storageAtRest()
  await storage.close()
  await second
  expect(recorded()).toEqual([[0], [1]])
})
