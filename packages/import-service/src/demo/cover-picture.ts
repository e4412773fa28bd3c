import { crc32, deflateSync } from 'node:zlib'

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

type Colour = readonly [number, number, number]

const top: Colour = [24, 20, 52]
const middle: Colour = [214, 84, 92]
const bottom: Colour = [250, 196, 110]

/** A square PNG picture: a low sun over waves. */
export function drawCover(sizePixels: number): Uint8Array {
  const rowBytes = 1 + sizePixels * 3
  const rows = Buffer.alloc(sizePixels * rowBytes)
  for (let y = 0; y < sizePixels; y += 1) {
    // The first byte of a row is its filter: none.
    for (let x = 0; x < sizePixels; x += 1) {
      const colour = colourAt(x / sizePixels, y / sizePixels)
      rows.set(colour.map(Math.round), y * rowBytes + 1 + x * 3)
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(sizePixels, 0)
  header.writeUInt32BE(sizePixels, 4)
  // 8 bits a sample, red, green and blue.
  header.set([8, 2, 0, 0, 0], 8)
  const parts = [
    section('IHDR', header),
    section('IDAT', deflateSync(rows)),
    section('IEND', Buffer.alloc(0)),
  ]
  return Buffer.concat([Buffer.from(signature), ...parts])
}

function colourAt(x: number, y: number): Colour {
  const sky = y < 0.55 ? blend(top, middle, y / 0.55) : blend(middle, bottom, (y - 0.55) / 0.45)
  const sunDistance = Math.hypot(x - 0.5, y - 0.5) / 0.24
  const lit = sunDistance < 1 ? blend([255, 236, 190], [255, 170, 110], sunDistance) : sky
  const wave = Math.floor((y - 0.6 + 0.02 * Math.sin(x * 14 + y * 30)) / 0.08)
  return wave < 0 ? lit : blend(lit, [18, 30, 68], Math.min(0.92, 0.45 + wave * 0.11))
}

function blend(from: Colour, to: Colour, share: number): Colour {
  const mix = (index: 0 | 1 | 2) => from[index] + (to[index] - from[index]) * share
  return [mix(0), mix(1), mix(2)]
}

function section(type: string, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + data.length)
  bytes.writeUInt32BE(data.length, 0)
  bytes.write(type, 4, 'latin1')
  bytes.set(data, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length)
  return bytes
}
