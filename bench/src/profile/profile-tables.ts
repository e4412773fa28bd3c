import type { Frame, Sample } from './fold-stacks.js'
import { nameThreads } from './thread-names.js'

const shownFunctions = 25

/** CPU by thread, and the functions in which most of it was, as Markdown. */
export function formatProfile(samples: readonly Sample[]): string {
  const total = samples.reduce((sum, { seconds }) => sum + seconds, 0)
  const threadOf = nameThreads(samples)
  const innermost = (sample: Sample) => `${cell(nameOf(sample.frames.at(-1)))} | ${cell(threadOf(sample))}`
  return [
    '| thread | CPU | share |',
    '|---|---|---|',
    ...lines(
      addUp(samples, (sample) => cell(threadOf(sample))),
      total,
    ),
    '',
    '| function, without what it calls | thread | CPU | share |',
    '|---|---|---|---|',
    ...lines(addUp(samples, innermost).slice(0, shownFunctions), total),
  ].join('\n')
}

function nameOf(frame: Frame | undefined): string {
  if (frame === undefined) return '[nothing known]'
  return frame.kind === 'kernel' ? `${frame.name} (kernel)` : frame.name
}

function addUp(
  samples: readonly Sample[],
  keyOf: (sample: Sample) => string,
): readonly (readonly [string, number])[] {
  const found = new Map<string, number>()
  for (const sample of samples) found.set(keyOf(sample), (found.get(keyOf(sample)) ?? 0) + sample.seconds)
  return [...found].toSorted(([, a], [, b]) => b - a)
}

function lines(found: readonly (readonly [string, number])[], total: number): readonly string[] {
  return found.map(
    ([key, seconds]) => `| ${key} | ${seconds.toFixed(2)} s | ${((100 * seconds) / total).toFixed(1)} % |`,
  )
}

const shownLetters = 100

function cell(text: string): string {
  return text
    .slice(0, shownLetters)
    .replaceAll('|', '\\|')
    .replaceAll(/[<>`*_]/g, '\\$&')
}
