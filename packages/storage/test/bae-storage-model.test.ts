import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BaeStorage } from '../src/bae-storage.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { collect, rejectsWithCode, sameBytes } from '../src/compliance/expectations.js'
import { layoutOf, pieceBytes, torrentBytes } from '../src/compliance/layouts.js'
import { completedOf } from '../src/compliance/storage-subject.js'
import { isBaeError } from '../src/errors.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import type { TorrentLayout } from '../src/torrent-layout.js'
import { Library } from './library.js'
import './same-examples.js'

const block = 16_384
const died = new Error('injected')

/** Which bytes a piece has: those of the torrent, other ones, none, or after a failure nobody knows which. */
type Bytes = 'right' | 'wrong' | 'none' | 'unknown'

interface ModelPiece {
  bytes: Bytes
  complete: boolean
}

type Fault = 'none' | 'staging.write' | 'staging.read' | 'staging.seal' | 'record' | 'recorded' | 'clear'

interface Step {
  readonly action: 'write' | 'writeWrong' | 'complete' | 'clear' | 'crash' | 'close'
  readonly piece: number
  readonly fault: Fault
}

const steps = fc.array(
  fc.record<Step>({
    action: fc.constantFrom(
      'write',
      'write',
      'write',
      'complete',
      'complete',
      'complete',
      'writeWrong',
      'clear',
      'crash',
      'close',
    ),
    piece: fc.nat({ max: 6 }),
    fault: fc.oneof(
      { weight: 6, arbitrary: fc.constant<Fault>('none') },
      {
        weight: 1,
        arbitrary: fc.constantFrom<Fault>(
          'staging.write',
          'staging.read',
          'staging.seal',
          'record',
          'recorded',
          'clear',
        ),
      },
    ),
  }),
  { minLength: 1, maxLength: 40 },
)

/** Runs steps on a BaeStorage and on the plainest model of what it promises, and compares after each. */
class Run {
  readonly #library: Library
  readonly #store: FaultyChunkStore
  readonly #wrong: Uint8Array
  readonly #pieces: ModelPiece[]
  #storage: BaeStorage | undefined

  constructor(layout: TorrentLayout, chunkSizeBytes: number) {
    this.#store = new FaultyChunkStore(new MemoryChunkStore())
    this.#library = new Library(layout, { store: this.#store, chunkSizeBytes })
    this.#wrong = torrentBytes(layout, 2)
    this.#pieces = Array.from({ length: this.#library.mapper.pieceCount }, () => ({
      bytes: 'none',
      complete: false,
    }))
  }

  async run(all: readonly Step[]): Promise<void> {
    this.#storage = await this.#library.open()
    for (const step of all) {
      this.#inject(step.fault)
      await this.#do(step, step.piece % this.#pieces.length)
      this.#healed()
      await this.#compare()
    }
    await this.#finish()
  }

  #inject(fault: Fault): void {
    const { database } = this.#library
    const fail = (): Promise<void> => Promise.reject(died)
    if (fault === 'record') database.beforeRecord = fail
    else if (fault === 'recorded') database.afterRecord = fail
    else if (fault === 'clear') database.beforeClear = fail
    else if (fault !== 'none') this.#store.fail(fault, died)
  }

  #healed(): void {
    const { database } = this.#library
    for (const hook of ['beforeRecord', 'afterRecord', 'beforeClear'] as const)
      database[hook] = async () => {}
    this.#store.clearScript()
  }

  async #do({ action, fault }: Step, piece: number): Promise<void> {
    const storage = this.#storage as BaeStorage
    const model = this.#pieces[piece] as ModelPiece
    if (action === 'crash' || action === 'close') return await this.#reopen(action)
    const failed = await this.#fails(async () => {
      if (action === 'complete') await storage.completePiece(piece)
      else if (action === 'clear') await storage.clearPiece(piece)
      else
        await storage.writePiece(
          piece,
          0,
          action === 'write' ? this.#library.piece(piece) : this.#wrongPiece(piece),
        )
    })
    const isComplete = (await completedOf(storage)).includes(piece)
    if (action === 'complete') {
      if (failed) expect(isComplete).toBe(model.complete)
      model.complete = isComplete
    } else if (failed) {
      // What cannot be taken from the records is not written either.
      if (action !== 'clear' && fault !== 'clear' && !isComplete) model.bytes = 'unknown'
      expect(isComplete && !model.complete).toBe(false)
      model.complete = isComplete
    } else {
      if (action !== 'clear') model.bytes = action === 'write' ? 'right' : 'wrong'
      model.complete = false
    }
  }

  /** A crash forgets what was in memory; what is staged and right comes back complete. */
  async #reopen(action: 'crash' | 'close'): Promise<void> {
    if (action === 'close') await this.#storage?.close()
    else await this.#storage?.completedPieces()
    this.#healed()
    this.#storage = await this.#library.open()
    const completed = new Set(await completedOf(this.#storage))
    for (const [piece, model] of this.#pieces.entries()) {
      if (model.complete) expect(completed.has(piece), `piece ${piece} was recorded`).toBe(true)
      if (!model.complete && model.bytes === 'right')
        expect(completed.has(piece), `piece ${piece} was staged`).toBe(true)
      // A record whose answer was lost may hold: then the bytes are those that were written.
      if (completed.has(piece) && model.bytes === 'unknown') model.bytes = 'right'
      if (!completed.has(piece)) model.bytes = 'none'
      model.complete = completed.has(piece)
    }
  }

  async #fails(call: () => Promise<void>): Promise<boolean> {
    try {
      await call()
      return false
    } catch (error) {
      if (error === died || isBaeError(error, 'STORAGE_PIECE_NOT_FOUND')) return true
      throw error
    }
  }

  async #compare(): Promise<void> {
    const storage = this.#storage as BaeStorage
    const complete = this.#pieces.flatMap((model, piece) => (model.complete ? [piece] : []))
    expect(await completedOf(storage)).toEqual(complete)
    for (const [piece, { bytes }] of this.#pieces.entries()) {
      const length = this.#library.mapper.pieceLengthBytes(piece)
      const reading = storage.readPiece(piece, 0, length)
      const isPadding = this.#library.mapper.chunksOfPiece(piece).length === 0
      if (bytes === 'right' || bytes === 'wrong') {
        const expected = bytes === 'right' ? this.#library.piece(piece) : this.#wrongPiece(piece)
        sameBytes(await reading, expected, `piece ${piece}`)
      } else if (isPadding) {
        await reading
      } else {
        await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', reading)
      }
    }
  }

  /** All pieces come in at last: everything is sealed under its key, and nothing else is left. */
  async #finish(): Promise<void> {
    const storage = this.#storage as BaeStorage
    for (const piece of this.#pieces.keys()) await this.#library.complete(storage, piece)
    await storage.close()
    const reopened = await this.#library.open()
    await reopened.close()
    const keys = [...Array(this.#library.mapper.chunkCount).keys()].map((ordinal) =>
      this.#library.key(ordinal),
    )
    expect(await this.#library.recordedKeys()).toEqual(keys)
    expect(await this.#library.storedKeys()).toEqual([...new Set(keys)].sort())
    expect(await collect(this.#store.staging.list(this.#library.record.id))).toEqual([])
  }

  #wrongPiece(piece: number): Uint8Array {
    return pieceBytes(this.#library.layout, this.#wrong, piece)
  }
}

const layouts: Record<string, TorrentLayout> = {
  'small pieces': layoutOf('small pieces', block, [2 * block + 5, 0, 4 * block]),
  'pieces over several chunks': layoutOf('large pieces', 5 * block, [13 * block + 1, 3, 9 * block]),
  'padding and odd files': layoutOf('odd', 3 * block, [
    40_001,
    { padding: 9151 },
    7,
    60_000,
    { padding: 5000 },
  ]),
}

describe('BaeStorage and its model agree after any sequence of calls, failures and crashes', () => {
  for (const [name, layout] of Object.entries(layouts)) {
    it(`with ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(steps, fc.constantFrom(block, 4 * block), async (all, chunkSizeBytes) => {
          await new Run(layout, chunkSizeBytes).run(all)
        }),
        { numRuns: 120 },
      )
    }, 180_000)
  }
})
