import type { FileLayout } from '@bae/storage'
import { describe, expect, it } from 'vitest'
import { describeImport, importedFiles, isComplete, totalFileBytes } from '../src/import-snapshot.js'
import { hashV1, hashV2, importRecord, layoutOf, pieceLengthBytes, torrentId } from './support/records.js'

const id = torrentId('1')

describe('describeImport', () => {
  it('has every key, null where nothing is known', () => {
    const { infoHashV1: _, name: __, ...record } = importRecord({ infoHashV2: hashV2('b') })
    expect(describeImport(record, undefined)).toEqual({
      id,
      infoHash: hashV2('b'),
      infoHashV1: null,
      infoHashV2: hashV2('b'),
      name: null,
      state: 'downloading',
      goal: 'complete',
      pause: null,
      retry: null,
      pieces: 0,
      totalPieces: null,
      bytes: 0,
      totalBytes: null,
      selected: null,
      files: [],
      addedAtMs: 1_000,
      completedAtMs: null,
      seconds: null,
      error: null,
    })
  })

  it('names the v1 hash first', () => {
    const snapshot = describeImport(importRecord({ infoHashV2: hashV2('b') }), undefined)
    expect(snapshot.infoHash).toBe(hashV1('a'))
  })

  it('counts the bytes of files in completed pieces, a short last piece included', () => {
    const layout = layoutOf({ 'cd/1.wav': pieceLengthBytes + 10, empty: 0, 'cd/2.wav': 90 })
    const first = describeImport(importRecord(), { id, layout, completedPieces: Uint8Array.of(0b1000_0000) })
    expect([first.pieces, first.totalPieces, first.bytes, first.totalBytes]).toEqual([
      1,
      2,
      pieceLengthBytes,
      pieceLengthBytes + 100,
    ])
    const last = describeImport(importRecord(), { id, layout, completedPieces: Uint8Array.of(0b0100_0000) })
    expect(last.bytes).toBe(100)
  })

  it('never counts padding', () => {
    const [song, text] = layoutOf({ song: 100, text: 50 }).files as [FileLayout, FileLayout]
    const padding: FileLayout = {
      ...song,
      index: 1,
      path: ['.pad', '16284'],
      offsetBytes: 100,
      lengthBytes: pieceLengthBytes - 100,
      kind: 'padding',
    }
    const files = [song, padding, { ...text, index: 2, offsetBytes: pieceLengthBytes }]
    const layout = layoutOf({}, { files, totalLengthBytes: pieceLengthBytes + 50 })
    const snapshot = describeImport(importRecord(), {
      id,
      layout,
      completedPieces: Uint8Array.of(0b1100_0000),
    })
    expect([snapshot.bytes, snapshot.totalBytes, totalFileBytes(layout)]).toEqual([150, 150, 150])
    expect(snapshot.files).toEqual([
      { path: 'song', bytes: 100, selected: true, storedBytes: 100 },
      { path: 'text', bytes: 50, selected: true, storedBytes: 50 },
    ])
  })

  it('counts no piece that is padding alone: nobody fetches it', () => {
    const [text, rest, end] = layoutOf({ text: 50, rest: 3 * pieceLengthBytes - 50, end: 0 }).files as [
      FileLayout,
      FileLayout,
      FileLayout,
    ]
    const padding: FileLayout = { ...rest, kind: 'padding' }
    const piecesOf = (files: readonly FileLayout[], bits: number) => {
      const layout = layoutOf({}, { files, totalLengthBytes: 3 * pieceLengthBytes })
      const { pieces, totalPieces } = describeImport(importRecord(), {
        id,
        layout,
        completedPieces: Uint8Array.of(bits),
      })
      return [pieces, totalPieces]
    }
    expect(piecesOf([text, padding, end], 0b1000_0000)).toEqual([1, 1])
    expect(piecesOf([text, padding, end], 0b0110_0000)).toEqual([0, 1])
    expect(piecesOf([{ ...padding, offsetBytes: 0, lengthBytes: 3 * pieceLengthBytes }, end], 0)).toEqual([
      0, 0,
    ])
    expect(piecesOf([text, rest, end], 0b1100_0000)).toEqual([2, 3])
  })

  it('shows name and paths as an export writes them', () => {
    const layout = layoutOf({ '../../escape': 5 }, { name: '../album' })
    const snapshot = describeImport(importRecord(), { id, layout, completedPieces: Uint8Array.of(0) })
    expect(snapshot.name).toBe('.._album')
    expect(snapshot.files).toMatchObject([{ path: '__/__/escape', bytes: 5 }])
  })

  it('tells the share of the selected files, a piece that two of them have counted once', () => {
    const layout = layoutOf({ a: pieceLengthBytes + 10, b: 20, empty: 0, c: pieceLengthBytes, d: 5 })
    const torrent = { id, layout, completedPieces: Uint8Array.of(0b1000_0000) }
    const snapshot = describeImport(importRecord({ selectedFiles: [0, 1, 2] }), torrent)
    expect(snapshot.selected).toEqual({
      files: 3,
      pieces: 1,
      totalPieces: 2,
      bytes: pieceLengthBytes,
      totalBytes: pieceLengthBytes + 30,
    })
    expect(snapshot.files.map((file) => file.selected)).toEqual([true, true, true, false, false])
    expect(snapshot.files.map((file) => file.storedBytes)).toEqual([pieceLengthBytes, 0, 0, 0, 0])
  })
})

describe('importedFiles', () => {
  it('leaves symbolic links out', () => {
    const layout = layoutOf({ real: 5, link: 0 })
    const files = layout.files.map((file) =>
      file.path[0] === 'link' ? { ...file, kind: 'symlink' as const } : file,
    )
    expect(importedFiles({ ...layout, files }).map(({ path }) => path)).toEqual(['real'])
  })
})

describe('isComplete', () => {
  it('is true when each piece is there', () => {
    const layout = layoutOf({ file: 9 * pieceLengthBytes })
    expect(isComplete({ id, layout, completedPieces: Uint8Array.of(0xff, 0x80) })).toBe(true)
    expect(isComplete({ id, layout, completedPieces: Uint8Array.of(0xff, 0x00) })).toBe(false)
    expect(isComplete({ id, layout, completedPieces: Uint8Array.of(0xfe, 0x80) })).toBe(false)
  })
})
