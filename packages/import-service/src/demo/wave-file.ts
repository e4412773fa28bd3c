export const sampleRate = 44_100

/** Two channels of samples between -1 and 1. */
export interface StereoSamples {
  readonly left: Float32Array
  readonly right: Float32Array
}

const headerBytes = 44
const bytesPerFrame = 4

/** A 16 bit stereo WAV file at 44.1 kHz, as loud as it can be without clipping. */
export function encodeWaveFile(samples: StereoSamples): Uint8Array {
  const frames = samples.left.length
  const dataBytes = frames * bytesPerFrame
  const file = Buffer.alloc(headerBytes + dataBytes)
  file.write('RIFF', 0, 'latin1')
  file.writeUInt32LE(headerBytes - 8 + dataBytes, 4)
  file.write('WAVEfmt ', 8, 'latin1')
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(2, 22)
  file.writeUInt32LE(sampleRate, 24)
  file.writeUInt32LE(sampleRate * bytesPerFrame, 28)
  file.writeUInt16LE(bytesPerFrame, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36, 'latin1')
  file.writeUInt32LE(dataBytes, 40)
  const gain = (0.9 * 32_767) / Math.max(peakOf(samples.left), peakOf(samples.right), 1e-6)
  const frame = new Int16Array(file.buffer, file.byteOffset + headerBytes, frames * 2)
  for (let index = 0; index < frames; index += 1) {
    frame[index * 2] = Math.round((samples.left[index] ?? 0) * gain)
    frame[index * 2 + 1] = Math.round((samples.right[index] ?? 0) * gain)
  }
  return file
}

function peakOf(samples: Float32Array): number {
  let peak = 0
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample))
  return peak
}
