import { type Instrument, type Note, Synthesizer } from './synthesizer.js'
import type { StereoSamples } from './wave-file.js'

export interface Tune {
  /** Decides the melody: the same seed gives the same music. */
  readonly seed: number
  readonly beatsPerMinute: number
  /** MIDI number of the key note. */
  readonly key: number
  readonly scale: 'major' | 'minor'
  /** Steps of the scale that the chords stand on, one a bar. */
  readonly chords: readonly number[]
  readonly lengthSeconds: number
}

const scales = { major: [0, 2, 4, 5, 7, 9, 11], minor: [0, 2, 3, 5, 7, 8, 10] } as const
/** Steps of a scale that sound well over any of its chords. */
const melodySteps = { major: [0, 1, 2, 4, 5], minor: [0, 2, 3, 4, 6] } as const
const beatsPerBar = 4

const pluck: Instrument = {
  overtones: [1, 0.45, 0.25, 0.12, 0.06],
  attackSeconds: 0.004,
  decaySeconds: 0.45,
  releaseSeconds: 0.12,
}
const pad: Instrument = {
  overtones: [1, 0.2, 0.08],
  attackSeconds: 0.35,
  decaySeconds: 6,
  releaseSeconds: 0.6,
}
const bass: Instrument = {
  overtones: [1, 0.5, 0.15],
  attackSeconds: 0.01,
  decaySeconds: 0.7,
  releaseSeconds: 0.1,
}

/** A little tune: held chords, a bass, and a melody that walks over them. */
export function composeTune(tune: Tune): StereoSamples {
  const synthesizer = new Synthesizer(tune.lengthSeconds)
  const beatSeconds = 60 / tune.beatsPerMinute
  const bars = Math.ceil(tune.lengthSeconds / (beatSeconds * beatsPerBar))
  const random = createRandom(tune.seed)
  let step = 2
  for (let bar = 0; bar < bars; bar += 1) {
    const startSeconds = bar * beatsPerBar * beatSeconds
    const chord = tune.chords[bar % tune.chords.length] ?? 0
    synthesizer.play(pad, chordNotes(tune, chord, startSeconds, beatSeconds * beatsPerBar))
    synthesizer.play(bass, bassNotes(tune, chord, startSeconds, beatSeconds))
    const line = melodyNotes(tune, step, startSeconds, beatSeconds, random)
    synthesizer.play(pluck, line.notes)
    step = line.lastStep
  }
  synthesizer.echo(beatSeconds * 0.75, 0.28)
  return synthesizer.finish(Math.min(3, tune.lengthSeconds / 4))
}

function chordNotes(tune: Tune, chord: number, startSeconds: number, lengthSeconds: number): readonly Note[] {
  return [0, 2, 4].map((third, index) => ({
    startSeconds,
    lengthSeconds,
    pitch: pitchOf(tune, chord + third),
    loudness: 0.16,
    pan: (index - 1) * 0.6,
  }))
}

function bassNotes(tune: Tune, chord: number, barSeconds: number, beatSeconds: number): readonly Note[] {
  return [0, 2, 3.5].map((beat) => ({
    startSeconds: barSeconds + beat * beatSeconds,
    lengthSeconds: beatSeconds,
    pitch: pitchOf(tune, beat === 3.5 ? chord + 4 : chord) - 24,
    loudness: 0.4,
    pan: 0,
  }))
}

/** Half beats; some are silent, and the walk turns around at its ends. */
function melodyNotes(
  tune: Tune,
  firstStep: number,
  barSeconds: number,
  beatSeconds: number,
  random: () => number,
) {
  const steps = melodySteps[tune.scale]
  const notes: Note[] = []
  let lastStep = firstStep
  for (let half = 0; half < beatsPerBar * 2; half += 1) {
    const isRest = half > 0 && random() < (half % 2 === 0 ? 0.15 : 0.45)
    lastStep = Math.max(0, Math.min(steps.length * 2 - 1, lastStep + Math.floor(random() * 5) - 2))
    if (isRest) continue
    const octave = Math.floor(lastStep / steps.length)
    const pitch = pitchOf(tune, steps[lastStep % steps.length] ?? 0) + 12 * (octave + 1)
    const loudness = half % 4 === 0 ? 0.34 : 0.26
    notes.push({
      startSeconds: barSeconds + (half * beatSeconds) / 2,
      lengthSeconds: beatSeconds,
      pitch,
      loudness,
      pan: random() - 0.5,
    })
  }
  return { notes, lastStep }
}

function pitchOf(tune: Tune, step: number): number {
  const scale = scales[tune.scale]
  return tune.key + (scale[step % scale.length] ?? 0) + 12 * Math.floor(step / scale.length)
}

/** Numbers from 0 to 1 that are the same on every machine (a 32 bit xorshift). */
function createRandom(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
