import { expect, it } from 'vitest'
import { compareSides, countGoals, voidReason } from '../src/matrix/compare-sides.js'
import { result, side } from './made-results.js'

it('compares ours with every other side but the control, and judges the baseline alone', () => {
  const sides = [side('bae', 9, 9), side('mmap', 10, 10), side('posix', 3, 3), side('python', 10, 10)]
  const compared = compareSides(result(sides, { control: 'python' }))
  expect(compared.map(({ against }) => against)).toEqual(['mmap', 'posix'])
  expect(compared.map(({ isMet }) => isMet)).toEqual([true, undefined])
})

it('misses a goal by the median of the ratios', () => {
  const compared = compareSides(result([side('bae', 9, 11, 12), side('mmap', 10, 10, 10)]))
  expect(compared[0]?.ratio.median).toBe(1.1)
  expect(compared[0]?.isMet).toBe(false)
})

it('judges our own figure where that is the goal', () => {
  const goals = [{ quantity: 'CPU, s', of: 'figure', atMost: 10 }] as const
  expect(compareSides(result([side('bae', 9), side('mmap', 1)], { goals }))[0]?.isMet).toBe(true)
  expect(compareSides(result([side('bae', 11), side('mmap', 99)], { goals }))[0]?.isMet).toBe(false)
})

it.each([
  { baseline: 10.9, isVoid: false },
  { baseline: 11.1, isVoid: true },
  { baseline: 9.1, isVoid: false },
  { baseline: 8.9, isVoid: true },
])(
  'is void when the baseline is more than a tenth away from the control: $baseline to 10',
  ({ baseline, isVoid }) => {
    const sides = [side('bae', 1), side('mmap', baseline), side('python', 10)]
    const made = result(sides, { control: 'python' })
    expect(voidReason(made) !== undefined).toBe(isVoid)
    expect(compareSides(made)[0]?.isMet).toBe(isVoid ? undefined : true)
  },
)

it('does not ask the memory of the control', () => {
  const withMemory = (name: string, mebibytes: number) => ({
    name,
    rounds: [{ 'CPU, s': 1, 'peak resident, MiB': mebibytes }],
  })
  const sides = [withMemory('bae', 100), withMemory('mmap', 900), withMemory('python', 300)]
  expect(voidReason(result(sides, { control: 'python' }))).toBeUndefined()
})

it('is void when the control was not measured', () => {
  expect(voidReason(result([side('bae', 1), side('mmap', 1)], { control: 'python' }))).toContain('python')
})

it('judges what is no ratio in a void case, too', () => {
  const goals = [{ quantity: 'CPU, s', of: 'figure', atMost: 10 }] as const
  const sides = [side('bae', 9), side('mmap', 20), side('python', 10)]
  const compared = compareSides(result(sides, { control: 'python', goals }))
  expect(compared[0]?.isMet).toBe(true)
})

it('counts goals', () => {
  const met = compareSides(result([side('bae', 1), side('mmap', 2)]))
  const missed = compareSides(result([side('bae', 3), side('mmap', 2)]))
  expect(countGoals([...met, ...missed, ...missed])).toEqual({ met: 1, judged: 3 })
})

it('shows what only we have once, beside the baseline', () => {
  const ours = { name: 'bae', rounds: [{ 'CPU, s': 1, 'database server, PSS, MiB': 30 }] }
  const compared = compareSides(result([ours, side('mmap', 1), side('posix', 1)]))
  expect(compared.map(({ against, quantity }) => `${against}: ${quantity}`)).toEqual([
    'mmap: CPU, s',
    'mmap: database server, PSS, MiB',
    'posix: CPU, s',
  ])
})
