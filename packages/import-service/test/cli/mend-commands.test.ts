import type { NotRebuilt, RebuiltTorrent } from '@bae/storage'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ImportError } from '../../src/errors.js'
import { hashV1, hashV2, importRecord, layoutOf, pieceLengthBytes, torrentId } from '../support/records.js'
import { TestCli } from '../support/test-cli.js'

let cli: TestCli

beforeEach(async () => {
  cli = await TestCli.create()
})

afterEach(() => cli[Symbol.asyncDispose]())

function rebuilt(digit: string, completePieces: number, missingChunks = 0): RebuiltTorrent {
  const files = { [`${digit}.wav`]: 2 * pieceLengthBytes }
  const layout = layoutOf(files, { name: `album ${digit}`, infoHashV1: hashV1(digit) })
  const metadata = { infoSection: new Uint8Array(2) }
  const record = { id: torrentId(digit), layout, metadata, chunkSizeBytes: 1 << 20, addedAtMs: 5_000 }
  return { record, completePieces, pieceCount: 2, missingChunks }
}

function notRebuilt(digit: string): NotRebuilt {
  const error = Object.assign(new Error('a manifest is damaged'), { code: 'STORAGE_CORRUPT' })
  return { id: torrentId(digit), error }
}

describe('rebuild', () => {
  it('makes imports of the torrents that the store has, complete and half-done', async () => {
    cli.library.rebuilt = [rebuilt('1', 2), rebuilt('2', 1)]
    const { code, output } = await cli.run(['rebuild'])
    expect(code).toBe(0)
    expect(output.stdout).toContain('rebuilt 2 imports, 1 of them complete')
    expect(output.stdout).toContain('album 2: 1 of 2 pieces')
    expect(await cli.imports.listImports()).toEqual([
      { id: torrentId('1'), name: 'album 1', infoHashV1: hashV1('1'), state: 'completed', addedAtMs: 5_000 },
      {
        id: torrentId('2'),
        name: 'album 2',
        infoHashV1: hashV1('2'),
        state: 'downloading',
        addedAtMs: 5_000,
      },
    ])
  })

  it('tells what could not be brought back, in words and in JSON, and exits 1', async () => {
    cli.library.rebuilt = [rebuilt('1', 1, 3), notRebuilt('2')]
    const { code, output } = await cli.run(['rebuild'])
    expect(code).toBe(1)
    expect(output.stdout).toContain('album 1: 1 of 2 pieces; 3 chunks gone')
    expect(output.stdout).toContain(`not ${torrentId('2')}: a manifest is damaged [STORAGE_CORRUPT]`)
    const { code: again, output: json } = await cli.run(['rebuild', '--json'])
    expect(again).toBe(1)
    expect(json.events).toEqual([
      {
        imports: [
          {
            id: torrentId('1'),
            infoHash: hashV1('1'),
            name: 'album 1',
            pieces: 1,
            totalPieces: 2,
            missingChunks: 3,
          },
        ],
        skipped: [{ id: torrentId('2'), code: 'STORAGE_CORRUPT', message: 'a manifest is damaged' }],
      },
    ])
  })

  it.each([
    {
      what: 'files that are whole, and nothing else',
      pieces: [1, 2],
      missingChunks: 0,
      selectedFiles: [1, 2],
    },
    { what: 'a whole file and a part of another', pieces: [1, 2, 4], missingChunks: 0 },
    { what: 'a part of a file', pieces: [4], missingChunks: 0 },
    { what: 'whole files, with chunks gone', pieces: [1, 2], missingChunks: 1 },
  ])('takes $what for what it was', async ({ pieces, missingChunks, selectedFiles }) => {
    const p = pieceLengthBytes
    // The second and the third share a piece, which has some of the first, too; the fourth is empty.
    const layout = layoutOf({ a: p + 1, b: p, c: p - 1, d: 0, e: 2 * p }, { infoHashV1: hashV1('1') })
    const [{ record }] = [rebuilt('1', 0)]
    cli.library.save(record.id, layout, pieces)
    const step = {
      record: { ...record, layout },
      completePieces: pieces.length,
      pieceCount: 5,
      missingChunks,
    }
    cli.library.rebuilt = [step]
    await cli.run(['rebuild'])
    const state = selectedFiles ? 'completed' : 'downloading'
    const [found] = await cli.imports.listImports()
    expect([found?.state, found?.selectedFiles]).toEqual([state, selectedFiles])
  })

  it('passes on what it was asked for', async () => {
    await cli.run(['rebuild'])
    expect(cli.library.rebuiltWith).toMatchObject({ verify: false, addToRecords: false })
    await cli.run(['rebuild', '--verify', '--add'])
    expect(cli.library.rebuiltWith).toMatchObject({ verify: true, addToRecords: true })
  })

  it('keeps what the records of an import know, and completes one that turns out complete', async () => {
    const known = importRecord({ infoHashV1: hashV1('1'), infoHashV2: hashV2('b'), transferSeconds: 4 })
    await cli.imports.saveImport(known)
    cli.library.rebuilt = [rebuilt('1', 2)]
    await cli.run(['rebuild', '--add'])
    const expected = { ...known, name: 'album 1', state: 'completed' }
    expect(await cli.imports.listImports()).toEqual([expected])
    cli.library.rebuilt = [{ ...rebuilt('1', 2), missingChunks: 0 }]
    await cli.run(['rebuild', '--add'])
    expect(await cli.imports.listImports()).toEqual([expected])
  })

  it('skips a torrent that another import stands for', async () => {
    await cli.imports.saveImport(importRecord({ id: torrentId('9'), infoHashV1: hashV1('1') }))
    cli.library.rebuilt = [rebuilt('1', 2)]
    const { code, output } = await cli.run(['rebuild', '--json'])
    expect(code).toBe(1)
    expect(output.events).toMatchObject([{ imports: [], skipped: [{ code: 'IMPORT_DUPLICATE' }] }])
  })
})

describe('gc', () => {
  it('counts what it found, of each kind', async () => {
    const { output: nothing } = await cli.run(['gc'])
    expect(nothing.stdout).toBe('nothing to collect\n')
    cli.library.garbage = [
      { kind: 'object', name: 'a' },
      { kind: 'chunk', name: 'b' },
      { kind: 'object', name: 'c' },
    ]
    const { code, output } = await cli.run(['gc'])
    expect(code).toBe(0)
    expect(output.stdout).toBe('deleted:\n  1 chunk that nothing refers to\n  2 objects without a record\n')
    expect(cli.library.collectedWith).toMatchObject({ dryRun: false, forgetUnknown: false })
  })

  it('only tells what it would delete where that is asked for', async () => {
    cli.library.garbage = [{ kind: 'staging', name: torrentId('7') }]
    const { output } = await cli.run(['gc', '--dry-run', '--forget-unknown'])
    expect(output.stdout).toContain('would delete:\n  1 unknown torrent with staged chunks')
    expect(cli.library.collectedWith).toMatchObject({ dryRun: true, forgetUnknown: true })
  })

  it('names each thing in JSON, then all counts', async () => {
    cli.library.garbage = [{ kind: 'temporary', name: 'half' }]
    const { output } = await cli.run(['gc', '--json'])
    expect(output.events).toEqual([
      { event: 'garbage', kind: 'temporary', name: 'half' },
      {
        event: 'done',
        dryRun: false,
        found: { manifest: 0, staging: 0, chunk: 0, object: 0, temporary: 1 },
      },
    ])
  })
})

describe('both', () => {
  it.each(['rebuild', 'gc'])('%s says where there is no library', async (command) => {
    cli.hasLibrary = false
    const { code, output } = await cli.run([command])
    expect(code).toBe(1)
    expect(output.stderr).toMatch(/there is no library in .* \[IMPORT_NOT_FOUND\]/)
  })

  it.each(['rebuild', 'gc'])('%s tells a failure by its code', async (command) => {
    cli.library.failure = new ImportError('IMPORT_DATABASE', 'it is gone')
    const { code, output } = await cli.run([command, '--json'])
    expect(code).toBe(1)
    expect(output.events).toEqual([
      {
        event: 'error',
        code: 'IMPORT_DATABASE',
        message: 'it is gone',
        nextStep: expect.stringMatching(/^'bae doctor'/),
      },
    ])
  })
})
