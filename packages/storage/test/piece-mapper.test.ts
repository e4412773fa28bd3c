import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type FileShape, hugeLayouts, layoutOf, nastyLayouts } from '../src/compliance/layouts.js'
import { PieceMapper } from '../src/piece-mapper.js'
import type { TorrentLayout } from '../src/torrent-layout.js'
import './same-examples.js'

const block = 16_384

/** Where one byte of the torrent lives, found the slow and obvious way; undefined for padding. */
function placeOfByte(layout: TorrentLayout, chunkSize: number, byte: number): string | undefined {
  for (const file of layout.files) {
    if (byte < file.offsetBytes || byte >= file.offsetBytes + file.lengthBytes) continue
    if (file.kind === 'padding') return undefined
    const inFile = byte - file.offsetBytes
    const chunk = Math.floor(inFile / chunkSize)
    return `${file.index}/${chunk}/${inFile - chunk * chunkSize}`
  }
  throw new Error(`no file holds byte ${byte}`)
}

/** The same by the mapper's spans, for every byte of [offset, offset + length) of a piece. */
function placesBySpans(
  mapper: PieceMapper,
  piece: number,
  range: { offset: number; length: number },
): (string | undefined)[] {
  const places: (string | undefined)[] = Array.from({ length: range.length }, () => undefined)
  let end = range.offset
  for (const span of mapper.chunksOfPiece(piece, range)) {
    expect(span.length).toBeGreaterThan(0)
    expect(span.pieceOffset).toBeGreaterThanOrEqual(end)
    expect(span.ordinal).toBe(mapper.chunkOrdinal(span.fileIndex, span.chunk))
    end = span.pieceOffset + span.length
    for (let at = 0; at < span.length; at++) {
      places[span.pieceOffset - range.offset + at] =
        `${span.fileIndex}/${span.chunk}/${span.chunkOffset + at}`
    }
  }
  return places
}

/** The mapper must agree on these bytes, and its two directions with each other. */
function agreesAround(layout: TorrentLayout, chunkSizeBytes: number, bytes: readonly number[]): void {
  const mapper = new PieceMapper(layout, { chunkSizeBytes })
  for (const byte of bytes) {
    const piece = Math.floor(byte / layout.pieceLengthBytes)
    const offset = byte - piece * layout.pieceLengthBytes
    const [span] = mapper.chunksOfPiece(piece, { offset, length: 1 })
    const place = span && `${span.fileIndex}/${span.chunk}/${span.chunkOffset}`
    expect(place, `byte ${byte}`).toBe(placeOfByte(layout, chunkSizeBytes, byte))
    if (span === undefined) continue
    expect(mapper.chunkAt(span.ordinal)).toEqual({ fileIndex: span.fileIndex, chunk: span.chunk })
    const over = mapper.piecesOfChunk(span.fileIndex, span.chunk).find((one) => one.piece === piece)
    expect(over?.range.offset).toBeLessThanOrEqual(offset)
    expect((over?.range.offset ?? 0) + (over?.range.length ?? 0)).toBeGreaterThan(offset)
  }
}

/** First and last bytes of files, pieces and chunks: where arithmetic goes wrong. */
function edges(layout: TorrentLayout, chunkSize: number): number[] {
  const around = new Set<number>([0, layout.totalLengthBytes - 1])
  for (const { offsetBytes, lengthBytes } of layout.files) {
    for (const at of [
      offsetBytes,
      offsetBytes + lengthBytes,
      offsetBytes + chunkSize,
      offsetBytes + Math.floor(lengthBytes / chunkSize) * chunkSize,
    ]) {
      const piece = Math.floor(at / layout.pieceLengthBytes) * layout.pieceLengthBytes
      for (const edge of [at, piece, piece + layout.pieceLengthBytes])
        for (const byte of [edge - 1, edge, edge + 1]) around.add(byte)
    }
  }
  return [...around].filter((byte) => byte >= 0 && byte < layout.totalLengthBytes)
}

const shapes = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 90_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(block, block - 1, block + 1, 4 * block) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 40_000 }).map((padding) => ({ padding })) },
)
const torrents = fc.record({
  shapes: fc.array<FileShape>(shapes, { minLength: 1, maxLength: 12 }),
  pieceLength: fc.constantFrom(16_384, 32_768, 50_000, 65_536, 262_144, 1),
  chunkSize: fc.constantFrom(16_384, 32_768, 131_072),
})

const realArray = Float64Array

/** Counts what is kept in arrays of numbers from now on, and how often one is looked at. */
function countingNumbers(): { kept: number; looks: number } {
  const counts = { kept: 0, looks: 0 }
  const counted = (numbers: Float64Array): Float64Array => {
    counts.kept += numbers.length
    return new Proxy(numbers, {
      get(target, property) {
        if (typeof property === 'string' && /^\d+$/.test(property)) counts.looks++
        return Reflect.get(target, property, target)
      },
      set: (target, property, value) => Reflect.set(target, property, value, target),
    })
  }
  const from = (...parameters: Parameters<typeof Float64Array.from>) => counted(realArray.from(...parameters))
  vi.stubGlobal(
    'Float64Array',
    new Proxy(realArray, {
      construct: (target, parameters: [number]) => counted(new target(...parameters)),
      get: (target, property) => (property === 'from' ? from : Reflect.get(target, property, target)),
    }),
  )
  return counts
}

/** Far too large for a walk over bytes: one place at a time is looked up, and its neighbours. */
const hugeTorrents = fc.record({
  shapes: fc.array<FileShape>(
    fc.oneof(
      fc.integer({ min: 2 ** 31, max: 2 ** 41 }),
      fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 40 - 1, 2 ** 40 + 1),
      fc.integer({ min: 1, max: 2 ** 24 }).map((padding) => ({ padding })),
    ),
    { minLength: 1, maxLength: 12 },
  ),
  pieceLength: fc.constantFrom(16_384, 1 << 20, 10 * block + 1, 1 << 26),
  chunkSize: fc.constantFrom(16_384, 1 << 20, 1 << 25),
})

describe('PieceMapper', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('puts every byte of every piece where a byte by byte walk puts it', () => {
    fc.assert(
      fc.property(torrents, fc.nat(), fc.nat(), ({ shapes, pieceLength, chunkSize }, seedA, seedB) => {
        const layout = layoutOf('any', pieceLength, shapes)
        if (layout.totalLengthBytes === 0) return
        const mapper = new PieceMapper(layout, { chunkSizeBytes: chunkSize })
        const piece = seedA % mapper.pieceCount
        const length = mapper.pieceLengthBytes(piece)
        const offset = seedB % length
        const range = { offset, length: Math.min(length - offset, 1 + (seedA % 50_000)) }
        const start = piece * pieceLength + offset
        const expected = Array.from({ length: range.length }, (_, at) =>
          placeOfByte(layout, chunkSize, start + at),
        )
        expect(placesBySpans(mapper, piece, range)).toEqual(expected)
      }),
      { numRuns: 150 },
    )
  })

  it('knows the pieces of padding alone: those under which no chunk lies', () => {
    fc.assert(
      fc.property(torrents, ({ shapes, pieceLength, chunkSize }) => {
        const mapper = new PieceMapper(layoutOf('any', pieceLength, shapes), { chunkSizeBytes: chunkSize })
        const pieces = Array.from({ length: Math.min(mapper.pieceCount, 200) }, (_, piece) => piece)
        const found = [...mapper.piecesOfPadding()].filter((piece) => piece < 200)
        expect(found).toEqual(pieces.filter((piece) => mapper.chunksOfPiece(piece).length === 0))
      }),
      { numRuns: 150 },
    )
  })

  it('counts the chunks of all files in file order, each with its length and its pieces', () => {
    fc.assert(
      fc.property(torrents, ({ shapes, pieceLength, chunkSize }) => {
        const layout = layoutOf('any', pieceLength, shapes)
        const mapper = new PieceMapper(layout, { chunkSizeBytes: chunkSize })
        let ordinal = 0
        for (const file of layout.files) {
          if (file.kind === 'padding') continue
          for (let chunk = 0; chunk * chunkSize < file.lengthBytes; chunk++) {
            const length = Math.min(chunkSize, file.lengthBytes - chunk * chunkSize)
            expect(mapper.chunkOrdinal(file.index, chunk)).toBe(ordinal)
            expect(mapper.chunkAt(ordinal)).toEqual({ fileIndex: file.index, chunk })
            expect(mapper.chunkLengthBytes(ordinal)).toBe(length)
            const pieces = pieceLength < 16 ? [] : mapper.piecesOfChunk(file.index, chunk)
            if (pieces.length > 0) {
              expect(pieces.reduce((sum, { range }) => sum + range.length, 0)).toBe(length)
              const first = Math.floor((file.offsetBytes + chunk * chunkSize) / pieceLength)
              expect(pieces.map(({ piece }) => piece)).toEqual(pieces.map((_, index) => first + index))
              const range = mapper.pieceRangeOfChunk(ordinal)
              expect(range).toEqual({ first, end: first + pieces.length })
            }
            ordinal++
          }
        }
        expect(mapper.chunkCount).toBe(ordinal)
      }),
      { numRuns: 150 },
    )
  })

  it('knows the bytes of files in any pieces, and the chunk across the end of each', () => {
    fc.assert(
      fc.property(torrents, fc.nat(), fc.nat(), ({ shapes, pieceLength, chunkSize }, seedA, seedB) => {
        const layout = layoutOf('any', pieceLength, shapes)
        if (layout.totalLengthBytes === 0) return
        const mapper = new PieceMapper(layout, { chunkSizeBytes: chunkSize })
        const first = seedA % mapper.pieceCount
        const end = Math.min(mapper.pieceCount, first + 1 + (seedB % 8))
        let fileBytes = 0
        for (let piece = first; piece < end; piece++) {
          const spans = mapper.chunksOfPiece(piece)
          fileBytes += spans.reduce((sum, { length }) => sum + length, 0)
          const next = piece + 1 < mapper.pieceCount ? mapper.chunksOfPiece(piece + 1) : []
          const shared = spans.find(({ ordinal }) => next.some((other) => other.ordinal === ordinal))
          expect(mapper.chunkAcrossEnd(piece)).toBe(shared?.ordinal)
        }
        expect(mapper.fileBytesOfPieces(first, end)).toBe(fileBytes)
        const whole = layout.files.reduce(
          (sum, file) => sum + (file.kind === 'file' ? file.lengthBytes : 0),
          0,
        )
        expect(mapper.fileBytesOfPieces(0, mapper.pieceCount)).toBe(whole)
      }),
      { numRuns: 150 },
    )
  })

  for (const layout of nastyLayouts) {
    it(`agrees at every edge of a torrent with ${layout.name}`, () => {
      for (const chunkSize of [16_384, 65_536, 1 << 20])
        agreesAround(layout, chunkSize, edges(layout, chunkSize))
    })
  }

  for (const layout of hugeLayouts) {
    it(`agrees at every edge of a torrent of ${layout.name}`, () => {
      const far = [2 ** 31, 2 ** 32, 2 ** 40].flatMap((at) => [at - 1, at, at + 1])
      const inside = far.filter((byte) => byte < layout.totalLengthBytes)
      for (const chunkSize of [16_384, 1 << 20, 1 << 24]) {
        agreesAround(layout, chunkSize, [...edges(layout, chunkSize), ...inside])
      }
    })
  }

  it('is exact beyond 2^32 and 2^40 bytes', () => {
    fc.assert(
      fc.property(
        hugeTorrents,
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (torrent, at) => {
          const layout = layoutOf('any', torrent.pieceLength, torrent.shapes)
          if (layout.totalLengthBytes === 0) return
          const byte = Math.floor(at * layout.totalLengthBytes)
          agreesAround(layout, torrent.chunkSize, [byte, ...edges(layout, torrent.chunkSize)])
        },
      ),
      { numRuns: 100 },
    )
  })

  it('agrees anywhere in a torrent of 100,000 files, empty ones and padding among them', () => {
    const shapes = Array.from({ length: 100_000 }, (_, index): FileShape => {
      if (index % 7 === 3) return 0
      return index % 11 === 5 ? { padding: 1 + (index % 5000) } : 1 + ((index * 7919) % 90_000)
    })
    const layout = layoutOf('many', 4 * block, shapes)
    const bytes = Array.from({ length: 300 }, (_, probe) =>
      Math.floor((layout.totalLengthBytes * (probe * 7919.5 + 1)) / (300 * 7919.5)),
    )
    agreesAround(layout, 2 * block, [...bytes, 0, layout.totalLengthBytes - 1])
  })

  it('keeps four numbers for each file that has bytes, and nothing for pieces and chunks', () => {
    const numbers = countingNumbers()
    const mapper = new PieceMapper(layoutOf('1 TiB', 1 << 20, [2 ** 40]), { chunkSizeBytes: 1 << 20 })
    expect([mapper.pieceCount, mapper.chunkCount]).toEqual([2 ** 20, 2 ** 20])
    expect(numbers.kept).toBe(5)
    for (const piece of [0, 77_777, 2 ** 20 - 1]) mapper.chunksOfPiece(piece)
    expect(numbers.kept).toBe(5)
    const shapes = Array.from({ length: 1000 }, (_, index) => (index % 2 === 0 ? 5 : 0))
    new PieceMapper(layoutOf('many', block, shapes), { chunkSizeBytes: block })
    expect(numbers.kept).toBe(5 + 4 * 500 + 1)
  })

  it('looks at as many numbers as the logarithm of the files, and the spans, of a piece are', () => {
    const numbers = countingNumbers()
    const perSpan = 8
    for (const files of [1, 100, 100_000]) {
      for (const filesPerPiece of [1, 50]) {
        const lengths = Array.from({ length: files }, () => 100)
        const layout = layoutOf('many', 100 * filesPerPiece, lengths)
        const mapper = new PieceMapper(layout, { chunkSizeBytes: block })
        const piece = Math.floor((mapper.pieceCount - 1) / 2)
        numbers.looks = 0
        const spans = mapper.chunksOfPiece(piece).length
        expect(spans).toBe(Math.min(files, filesPerPiece))
        expect(numbers.looks).toBeLessThanOrEqual(Math.log2(files) + 2 + perSpan * (spans + 1))
        numbers.looks = 0
        mapper.pieceRangeOfChunk(mapper.chunkCount - 1)
        expect(numbers.looks).toBeLessThanOrEqual(3 * (Math.log2(files) + 2) + perSpan)
      }
    }
  })

  it('refuses places that the torrent does not have', () => {
    const mapper = new PieceMapper(layoutOf('small', block, [20_000, 0, { padding: 100 }]), {
      chunkSizeBytes: block,
    })
    for (const piece of [-1, 2, 0.5, Number.NaN])
      expect(() => mapper.chunksOfPiece(piece)).toThrow(RangeError)
    for (const [offset, length] of [
      [-1, 1],
      [0, block + 1],
      [block, 1],
      [0.5, 1],
    ] as const) {
      expect(() => mapper.chunksOfPiece(0, { offset, length })).toThrow(RangeError)
    }
    for (const [file, chunk] of [
      [0, 2],
      [0, -1],
      [1, 0],
      [2, 0],
      [3, 0],
      [-1, 0],
    ] as const) {
      expect(() => mapper.chunkOrdinal(file, chunk)).toThrow(RangeError)
    }
    for (const ordinal of [-1, 2, 0.5]) expect(() => mapper.chunkAt(ordinal)).toThrow(RangeError)
  })

  it('refuses a chunk size that is no power of two of at least 16 KiB', () => {
    for (const chunkSizeBytes of [
      0,
      -16_384,
      8192,
      16_385,
      48 * 1024,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]) {
      expect(() => new PieceMapper(layoutOf('x', block, [1]), { chunkSizeBytes })).toThrow(RangeError)
    }
  })

  it('refuses a layout with gaps, overlaps or a wrong total', () => {
    const good = layoutOf('x', block, [10, 20])
    const [first, second] = good.files as [TorrentLayout['files'][number], TorrentLayout['files'][number]]
    const bad: TorrentLayout[] = [
      { ...good, totalLengthBytes: 31 },
      { ...good, files: [first, { ...second, offsetBytes: 11 }] },
      { ...good, files: [first, { ...second, offsetBytes: 9, lengthBytes: 21 }] },
      { ...good, files: [second, first] },
      {
        ...good,
        files: [
          { ...first, lengthBytes: -10 },
          { ...second, offsetBytes: -10, lengthBytes: 40 },
        ],
      },
    ]
    for (const layout of bad)
      expect(() => new PieceMapper(layout, { chunkSizeBytes: block })).toThrow(RangeError)
  })
})
