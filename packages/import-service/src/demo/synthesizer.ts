import { type StereoSamples, sampleRate } from './wave-file.js'

export interface Instrument {
  /** Loudness of the fundamental and the overtones above it. */
  readonly overtones: readonly number[]
  readonly attackSeconds: number
  /** Time until a held note has a third of its loudness. */
  readonly decaySeconds: number
  readonly releaseSeconds: number
}

export interface Note {
  readonly startSeconds: number
  readonly lengthSeconds: number
  /** MIDI number: 69 is A at 440 Hz. */
  readonly pitch: number
  readonly loudness: number
  /** -1 is left, 1 is right. */
  readonly pan: number
}

const tableLength = 4096

/** Mixes notes into a piece of music of a fixed length, which fades at its end. */
export class Synthesizer {
  readonly #samples: StereoSamples

  constructor(lengthSeconds: number) {
    const frames = Math.round(lengthSeconds * sampleRate)
    this.#samples = { left: new Float32Array(frames), right: new Float32Array(frames) }
  }

  play(instrument: Instrument, notes: readonly Note[]): void {
    const table = makeTable(instrument.overtones)
    for (const note of notes) this.#mix(table, instrument, note)
  }

  /** Repeats what was played, softer, on the other side. */
  echo(delaySeconds: number, share: number): void {
    const { left, right } = this.#samples
    const delay = Math.round(delaySeconds * sampleRate)
    for (let index = delay; index < left.length; index += 1) {
      const fromLeft = left[index - delay] ?? 0
      left[index] = (left[index] ?? 0) + (right[index - delay] ?? 0) * share
      right[index] = (right[index] ?? 0) + fromLeft * share
    }
  }

  finish(fadeSeconds: number): StereoSamples {
    const { left, right } = this.#samples
    const fade = Math.round(fadeSeconds * sampleRate)
    for (let back = 0; back < fade; back += 1) {
      const index = left.length - 1 - back
      left[index] = ((left[index] ?? 0) * back) / fade
      right[index] = ((right[index] ?? 0) * back) / fade
    }
    return this.#samples
  }

  #mix(table: Float32Array, instrument: Instrument, note: Note): void {
    const { left, right } = this.#samples
    const start = Math.round(note.startSeconds * sampleRate)
    const held = Math.round(note.lengthSeconds * sampleRate)
    const release = Math.round(instrument.releaseSeconds * sampleRate)
    const attack = Math.max(1, Math.round(instrument.attackSeconds * sampleRate))
    const decay = Math.exp(-1.1 / (instrument.decaySeconds * sampleRate))
    const step = (frequencyOf(note.pitch) * tableLength) / sampleRate
    const leftGain = note.loudness * Math.cos(((note.pan + 1) * Math.PI) / 4)
    const rightGain = note.loudness * Math.sin(((note.pan + 1) * Math.PI) / 4)
    const end = Math.min(left.length, start + held + release)
    let phase = 0
    let level = 1
    for (let index = start; index < end; index += 1) {
      const age = index - start
      const shape = Math.min(1, age / attack) * (age > held ? 1 - (age - held) / release : 1)
      const sample = (table[Math.floor(phase)] ?? 0) * shape * level
      left[index] = (left[index] ?? 0) + sample * leftGain
      right[index] = (right[index] ?? 0) + sample * rightGain
      level *= decay
      phase = (phase + step) % tableLength
    }
  }
}

function makeTable(overtones: readonly number[]): Float32Array {
  const table = new Float32Array(tableLength)
  for (let index = 0; index < tableLength; index += 1) {
    const angle = (index * 2 * Math.PI) / tableLength
    table[index] = overtones.reduce(
      (sum, loudness, number) => sum + loudness * Math.sin(angle * (number + 1)),
      0,
    )
  }
  return table
}

function frequencyOf(pitch: number): number {
  return 440 * 2 ** ((pitch - 69) / 12)
}
