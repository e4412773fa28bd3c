import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hybridHashes, manyFiles, sampleRecord } from '../src/compliance/database-samples.js'
import { nastyLayouts } from '../src/compliance/layouts.js'
import type { TorrentRecord } from '../src/database.js'
import {
  decodeManifest,
  encodeManifest,
  type Manifest,
  manifestKinds,
  manifestName,
  parseManifestName,
} from '../src/manifest.js'
import type { FileLayout, TorrentLayout } from '../src/torrent-layout.js'
import './same-examples.js'

const bytes = fc.uint8Array({ maxLength: 200 })
const hex = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(toHex)

const file: fc.Arbitrary<Omit<FileLayout, 'index'>> = fc.record(
  {
    path: fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 3 }),
    offsetBytes: fc.nat(),
    lengthBytes: fc.maxSafeNat(),
    kind: fc.constantFrom('file', 'padding', 'symlink'),
    executable: fc.boolean(),
    piecesRoot: hex(32),
    pathBytes: fc.array(bytes, { minLength: 1, maxLength: 2 }),
    symlinkTarget: fc.array(fc.string({ unit: 'binary' }), { maxLength: 3 }),
  },
  { requiredKeys: ['path', 'offsetBytes', 'lengthBytes', 'kind', 'executable'] },
)

const layout: fc.Arbitrary<TorrentLayout> = fc.record(
  {
    infoHashV1: hex(20),
    infoHashV2: hex(32),
    name: fc.string({ unit: 'binary' }),
    singleFile: fc.boolean(),
    pieceLengthBytes: fc.nat(),
    totalLengthBytes: fc.maxSafeNat(),
    files: fc.array(file, { maxLength: 5 }).map((files) => files.map((one, index) => ({ index, ...one }))),
  },
  { requiredKeys: ['name', 'singleFile', 'pieceLengthBytes', 'totalLengthBytes', 'files'] },
)

const manifest: fc.Arbitrary<Manifest> = fc.record(
  {
    record: fc.record({
      id: fc.uuid() as fc.Arbitrary<string> as fc.Arbitrary<TorrentRecord['id']>,
      layout,
      metadata: fc.record(
        { infoSection: bytes, pieceHashesV1: bytes, pieceHashesV2: bytes },
        { requiredKeys: ['infoSection'] },
      ),
      chunkSizeBytes: fc.nat(),
      addedAtMs: fc.maxSafeNat(),
    }),
    chunkKeys: bytes,
  },
  { requiredKeys: ['record'] },
)

describe('a manifest', () => {
  it('comes back as it was, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(manifest, async (one) => {
        expect(await decodeManifest(await encodeManifest(one))).toEqual(one)
      }),
    )
  })

  it('of every torrent that arithmetic goes wrong on comes back as it was', async () => {
    const layouts = [
      ...nastyLayouts,
      { ...sampleRecord(3).layout, ...hybridHashes(), files: manyFiles(2000) },
    ]
    for (const one of layouts) {
      const whole = { record: { ...sampleRecord(3), layout: one }, chunkKeys: new Uint8Array(64).fill(7) }
      expect(await decodeManifest(await encodeManifest(whole))).toEqual(whole)
    }
  })

  it('is refused as STORAGE_CORRUPT wherever it ends too early, or goes on', async () => {
    const whole = await encodeManifest({ record: sampleRecord(2), chunkKeys: new Uint8Array(32).fill(1) })
    for (let length = 0; length < whole.length; length++)
      await expect(decodeManifest(whole.subarray(0, length))).rejects.toMatchObject({
        code: 'STORAGE_CORRUPT',
      })
    await expect(decodeManifest(Uint8Array.of(...whole, 0))).rejects.toMatchObject({
      code: 'STORAGE_CORRUPT',
    })
  })

  it('is refused as STORAGE_CORRUPT whichever bit is another one', async () => {
    const whole = await encodeManifest({ record: sampleRecord(2) })
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = whole.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      await expect(decodeManifest(flipped)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
    }
  })

  it('of a newer version is said to be one, and only when it is whole', async () => {
    const newer = Buffer.from(await encodeManifest({ record: sampleRecord(2) }))
    newer.writeUInt32LE(2, 8)
    await expect(decodeManifest(newer)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
    createHash('sha256').update(newer.subarray(0, 12)).update(newer.subarray(44)).digest().copy(newer, 12)
    await expect(decodeManifest(newer)).rejects.toMatchObject({
      code: 'STORAGE_NEWER_VERSION',
      message: expect.stringContaining('version 2'),
    })
  })

  it('has a name that says whose it is, and how much', () => {
    const { id } = sampleRecord(1)
    for (const kind of manifestKinds) expect(parseManifestName(manifestName(id, kind))).toEqual({ id, kind })
    for (const name of [id, `${id}.other`, `${id}.complete.old`, '.complete'])
      expect(parseManifestName(name)).toBeUndefined()
  })
})

function toHex(some: Uint8Array): string {
  return Buffer.from(some).toString('hex')
}
