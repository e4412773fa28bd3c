import { expect, it } from 'vitest'
import { judge, judgePair } from '../src/guard-judgement.js'

const round = (ours: number, theirs = 1) => ({ ours: { 'CPU, s': ours }, theirs: { 'CPU, s': theirs } })

it.each([
  { ratio: 2, isExceeded: false },
  { ratio: 2.9, isExceeded: false },
  { ratio: 3.1, isExceeded: true },
])('lets a ratio that is usually 2 become $ratio: exceeded is $isExceeded', ({ ratio, isExceeded }) => {
  expect(judge({ 'CPU, s': 2 }, [round(ratio)])[0]?.isExceeded).toBe(isExceeded)
})

it('goes by the median, so that one slow round exceeds nothing', () => {
  expect(judge({ 'CPU, s': 2 }, [round(2), round(9), round(2)])[0]?.isExceeded).toBe(false)
})

it('takes what is no number for exceeded, and refuses what was not measured', () => {
  expect(judge({ 'CPU, s': 2 }, [round(1, Number.NaN)])[0]?.isExceeded).toBe(true)
  expect(() => judge({ 'memory, MiB': 2 }, [round(1)])).toThrow('memory, MiB was not measured')
})

it.each([
  { found: [2], measured: 1, isExceeded: false },
  { found: [9, 2], measured: 2, isExceeded: false },
  { found: [9, 9], measured: 2, isExceeded: true },
])(
  'measures once more where a bound is exceeded, and no more than that: $found',
  async ({ found, measured, isExceeded }) => {
    let count = 0
    const said: string[] = []
    const pair = { name: 'download', usual: { 'CPU, s': 2 }, measure: async () => round(found[count++] ?? 0) }
    const [judgement] = await judgePair(pair, 1, (line) => said.push(line))
    expect(count).toBe(measured)
    expect(judgement?.isExceeded).toBe(isExceeded)
    expect(said).toHaveLength(measured - 1)
  },
)
