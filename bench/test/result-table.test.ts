import { expect, it } from 'vitest'
import { formatSpread, formatTable, resultRows } from '../src/result-table.js'

it('divides the figures of one round by each other, and only then takes the median', () => {
  // Medians of the sides are 2 and 4; the median of the ratios is another one.
  const rounds = [
    { ours: { 'CPU, s': 1 }, theirs: { 'CPU, s': 4 } },
    { ours: { 'CPU, s': 2 }, theirs: { 'CPU, s': 1 } },
    { ours: { 'CPU, s': 8 }, theirs: { 'CPU, s': 8 } },
  ]
  const [row] = resultRows(rounds)
  expect(row?.ours.median).toBe(2)
  expect(row?.theirs.median).toBe(4)
  expect(row?.ratio).toEqual({ median: 1, lowest: 0.25, highest: 2 })
})

it('has no ratio for what only we have', () => {
  const [row] = resultRows([{ ours: { 'database server, PSS, MiB': 30 }, theirs: {} }])
  expect(row?.ours.median).toBe(30)
  expect(row?.ratio.median).toBeNaN()
})

it('prints medians with the lowest and the highest', () => {
  expect(formatSpread({ median: 1.236, lowest: 0.5, highest: 123.4 })).toBe('1.24 (0.50 - 123)')
  const rows = resultRows([{ ours: { 'CPU, s': 1 }, theirs: { 'CPU, s': 2 } }])
  const lines = formatTable(rows, { ours: 'bae', theirs: 'mmap' }).split('\n')
  expect(lines[0]).toBe('| | bae | mmap | ratio |')
  expect(lines[2]).toBe('| CPU, s | 1.00 (1.00 - 1.00) | 2.00 (2.00 - 2.00) | 0.50 (0.50 - 0.50) |')
})
