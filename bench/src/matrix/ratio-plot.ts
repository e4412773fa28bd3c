import { escapeXml } from '../xml-text.js'

/** One line of a plot: a ratio, how far its rounds were apart, and what it should be at most. */
export interface PlotLine {
  readonly label: string
  readonly median: number
  readonly lowest: number
  readonly highest: number
  readonly atMost?: number
}

const lineHeight = 18
const labelWidth = 520
const axisWidth = 320
const valueWidth = 60
const top = 44
const dotRadius = 4

/** An SVG picture of ratios on a logarithmic axis: below 1 ours takes less. A bar at `atMost` is the goal. */
export function plotRatios(title: string, lines: readonly PlotLine[]): string {
  const drawn = lines.filter(({ median }) => Number.isFinite(median) && median > 0)
  const [low, high] = axisOf(drawn)
  const x = (ratio: number) =>
    labelWidth + (axisWidth * Math.log2(Math.min(Math.max(ratio, low), high) / low)) / Math.log2(high / low)
  const width = labelWidth + axisWidth + valueWidth
  const height = top + drawn.length * lineHeight + 12
  const bottom = height - 12
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="8" y="18" font-size="14">${escapeXml(title)}</text>`,
    ...powersOfTwo(low, high).flatMap((ratio) => gridLine(ratio, x(ratio), bottom)),
    ...drawn.flatMap((line, at) => lineShapes(line, top + at * lineHeight + lineHeight / 2, x)),
    '</svg>',
    '',
  ].join('\n')
}

function gridLine(ratio: number, x: number, bottom: number): readonly string[] {
  const stroke = ratio === 1 ? '#000000' : '#dddddd'
  return [
    `<line x1="${round(x)}" y1="${top - 8}" x2="${round(x)}" y2="${bottom}" stroke="${stroke}"/>`,
    `<text x="${round(x)}" y="${top - 12}" text-anchor="middle">${ratio}</text>`,
  ]
}

function lineShapes(
  { label, median, lowest, highest, atMost }: PlotLine,
  y: number,
  x: (ratio: number) => number,
): readonly string[] {
  const isMissed = atMost !== undefined && median > atMost
  const colour = isMissed ? '#c0392b' : '#1f6fb2'
  const [from, to] = [lowest, highest].map((ratio) => round(x(ratio)))
  const goal = atMost === undefined ? undefined : round(x(atMost))
  return [
    `<text x="${labelWidth - 8}" y="${y + 4}" text-anchor="end">${escapeXml(label)}</text>`,
    `<line x1="${from}" y1="${y}" x2="${to}" y2="${y}" stroke="${colour}" stroke-width="2"/>`,
    `<circle cx="${round(x(median))}" cy="${y}" r="${dotRadius}" fill="${colour}"/>`,
    ...(goal === undefined
      ? []
      : [`<line x1="${goal}" y1="${y - 7}" x2="${goal}" y2="${y + 7}" stroke="#2e8b57" stroke-width="3"/>`]),
    `<text x="${labelWidth + axisWidth + 8}" y="${y + 4}">${median.toFixed(2)}</text>`,
  ]
}

/** Powers of two around all that is drawn, and around 1. */
function axisOf(lines: readonly PlotLine[]): readonly [number, number] {
  const all = lines.flatMap(({ median, lowest, highest, atMost = 1 }) => [median, lowest, highest, atMost])
  const positive = [0.5, 2, ...all].filter((ratio) => Number.isFinite(ratio) && ratio > 0)
  return [2 ** Math.floor(Math.log2(Math.min(...positive))), 2 ** Math.ceil(Math.log2(Math.max(...positive)))]
}

function powersOfTwo(low: number, high: number): readonly number[] {
  const powers: number[] = []
  for (let ratio = low; ratio <= high; ratio *= 2) powers.push(ratio)
  return powers
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
