import { escapeXml } from '../xml-text.js'
import type { FrameKind, Sample } from './fold-stacks.js'
import { nameThreads } from './thread-names.js'

interface Call {
  readonly name: string
  readonly kind: FrameKind
  seconds: number
  readonly below: Map<string, Call>
}

const width = 1200
const rowHeight = 16
const titleHeight = 32
const letterWidth = 6.1
const nameLetters = 100
/** What is narrower is not drawn. */
const smallestShare = 0.002
/** For a picture of about 200 KB. */
const mostCalls = 1_200

const colours: Readonly<Record<FrameKind, string>> = {
  kernel: '#e8a87c',
  javascript: '#f2d16b',
  native: '#9cc5e3',
}

/** An SVG picture: a function is as wide as the time that it took with all it called, which stands on it. */
export function drawFlameGraph(title: string, samples: readonly Sample[]): string {
  const root = addUpCalls(samples)
  let smallest = root.seconds * smallestShare
  while (countCalls(root, smallest) > mostCalls) smallest *= 1.1
  const height = titleHeight + depthOf(root, smallest) * rowHeight
  const size = `width="${width}" height="${height}"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="10">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect ${size} fill="#ffffff"/>`,
    `<text x="8" y="20" font-size="14" font-family="sans-serif">${escapeXml(title)}</text>`,
    ...callShapes(root, { x: 0, y: height - rowHeight, total: root.seconds, smallest }),
    '</svg>',
    '',
  ].join('\n')
}

function addUpCalls(samples: readonly Sample[]): Call {
  const threadOf = nameThreads(samples)
  const root = newCall('all', 'native')
  for (const sample of samples) {
    root.seconds += sample.seconds
    let at = root
    for (const { name, kind } of [{ name: threadOf(sample), kind: 'native' as const }, ...sample.frames]) {
      const call = at.below.get(name) ?? newCall(name, kind)
      at.below.set(name, call)
      call.seconds += sample.seconds
      at = call
    }
  }
  return root
}

function newCall(name: string, kind: FrameKind): Call {
  return { name, kind, seconds: 0, below: new Map() }
}

/** In the order of their names, so that two pictures can be compared. */
function callsOf({ below }: Call, smallest: number): readonly Call[] {
  return [...below.values()]
    .filter(({ seconds }) => seconds >= smallest)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function countCalls(call: Call, smallest: number): number {
  return callsOf(call, smallest).reduce((count, below) => count + countCalls(below, smallest), 1)
}

function depthOf(call: Call, smallest: number): number {
  return 1 + Math.max(0, ...callsOf(call, smallest).map((below) => depthOf(below, smallest)))
}

interface Place {
  readonly x: number
  readonly y: number
  /** Of the whole picture, in seconds. */
  readonly total: number
  readonly smallest: number
}

function callShapes(call: Call, place: Place): readonly string[] {
  const { x, y, total, smallest } = place
  const wide = (width * call.seconds) / total
  const name = call.name.slice(0, nameLetters)
  const shown = name.slice(0, Math.floor((wide - 4) / letterWidth))
  const said = `${name} (${call.seconds.toFixed(2)} s, ${((100 * call.seconds) / total).toFixed(1)} %)`
  const box = `<rect x="${round(x)}" y="${y}" width="${round(wide)}" height="15" fill="${colours[call.kind]}"/>`
  const text = shown.length < 3 ? '' : `<text x="${round(x + 2)}" y="${y + 11}">${escapeXml(shown)}</text>`
  const shapes = [`<g><title>${escapeXml(said)}</title>${box}${text}</g>`]
  let nextX = x
  for (const below of callsOf(call, smallest)) {
    shapes.push(...callShapes(below, { ...place, x: nextX, y: y - rowHeight }))
    nextX += (width * below.seconds) / total
  }
  return shapes
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
