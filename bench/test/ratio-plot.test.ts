import { expect, it } from 'vitest'
import { plotRatios } from '../src/matrix/ratio-plot.js'

const line = (median: number, atMost?: number) => ({
  label: `CPU < "1" & ${median}`,
  median,
  lowest: median * 0.9,
  highest: median * 1.1,
  ...(atMost !== undefined && { atMost }),
})

function dots(svg: string): readonly number[] {
  return [...svg.matchAll(/<circle cx="([\d.]+)"/g)].map((match) => Number(match[1]))
}

it('puts a half and a double as far from one, on either side', () => {
  const [half = 0, one = 0, double = 0] = dots(plotRatios('a', [line(0.5), line(1), line(2)]))
  expect(half).toBeLessThan(one)
  expect(double - one).toBeCloseTo(one - half, 1)
})

it('draws a missed goal in another colour than a met one', () => {
  const colour = (svg: string) => /<circle [^>]*fill="(#\w+)"/.exec(svg)?.[1]
  expect(colour(plotRatios('a', [line(1, 0.8)]))).not.toBe(colour(plotRatios('a', [line(0.7, 0.8)])))
})

it('keeps everything inside of the picture', () => {
  const svg = plotRatios('a', [line(0.01), line(90)])
  const width = Number(/ width="(\d+)"/.exec(svg)?.[1])
  for (const x of dots(svg)) {
    expect(x).toBeGreaterThan(0)
    expect(x).toBeLessThan(width)
  }
})

it('writes text that XML takes', () => {
  const svg = plotRatios('a & b', [line(1)])
  expect(svg).toContain('CPU &lt; &quot;1&quot; &amp; 1')
  expect(svg.replaceAll(/&(amp|lt|gt|quot);/g, '')).not.toContain('&')
})
