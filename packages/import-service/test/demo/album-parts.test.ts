import { crc32, inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { composeTune } from '../../src/demo/compose-tune.js'
import { drawCover } from '../../src/demo/cover-picture.js'
import { encodeWaveFile, sampleRate } from '../../src/demo/wave-file.js'

describe('composeTune', () => {
  const tune = {
    seed: 7,
    beatsPerMinute: 120,
    key: 60,
    scale: 'minor',
    chords: [0, 3],
    lengthSeconds: 4,
  } as const

  it('makes music of the asked length that is never silent for long and fades out', () => {
    const { left, right } = composeTune(tune)
    expect(left.length).toBe(4 * sampleRate)
    for (let second = 0; second < 3; second += 1) {
      const part = left.subarray(second * sampleRate, (second + 1) * sampleRate)
      expect(Math.max(...part.map(Math.abs))).toBeGreaterThan(0.05)
    }
    expect(Math.abs(left.at(-1) ?? 1)).toBeLessThan(0.001)
    expect(Buffer.compare(Buffer.from(left.buffer), Buffer.from(right.buffer))).not.toBe(0)
  })

  it('makes the same music every time', () => {
    expect(composeTune(tune).left).toEqual(composeTune(tune).left)
  })
})

describe('encodeWaveFile', () => {
  it('writes 16 bit stereo that does not clip', () => {
    const file = Buffer.from(
      encodeWaveFile({ left: Float32Array.of(0, 4, -2), right: Float32Array.of(1, 0, -4) }),
    )
    expect(file.toString('latin1', 0, 4) + file.toString('latin1', 8, 16)).toBe('RIFFWAVEfmt ')
    expect(file.readUInt32LE(4)).toBe(file.length - 8)
    expect([file.readUInt16LE(22), file.readUInt32LE(24), file.readUInt16LE(34)]).toEqual([2, sampleRate, 16])
    expect(file.readUInt32LE(40)).toBe(3 * 4)
    const samples = Array.from({ length: 6 }, (_, index) => file.readInt16LE(44 + index * 2))
    expect(samples).toEqual([0, 7373, 29490, 0, -14745, -29490])
  })
})

describe('drawCover', () => {
  it('writes a PNG whose sections are intact and whose rows are complete', () => {
    const png = Buffer.from(drawCover(16))
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    const sections = new Map<string, Buffer>()
    for (let offset = 8; offset < png.length; ) {
      const length = png.readUInt32BE(offset)
      const typeAndData = png.subarray(offset + 4, offset + 8 + length)
      expect(png.readUInt32BE(offset + 8 + length)).toBe(crc32(typeAndData))
      sections.set(typeAndData.toString('latin1', 0, 4), typeAndData.subarray(4))
      offset += 12 + length
    }
    expect([...sections.keys()]).toEqual(['IHDR', 'IDAT', 'IEND'])
    const rows = inflateSync(sections.get('IDAT') ?? Buffer.alloc(0))
    expect(rows.length).toBe(16 * (1 + 16 * 3))
    expect(new Set(Array.from({ length: 16 }, (_, row) => rows[row * 49]))).toEqual(new Set([0]))
  })
})
