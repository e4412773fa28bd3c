import { expect, it } from 'vitest'
import { formatMatrix, formatPage, matrixNotes, plotRow } from '../src/matrix/matrix-report.js'
import { result, side } from './made-results.js'

const run = {
  date: '2026-11-26T04:05:06.789Z',
  commit: 'abc1234',
  machine: { cpu: 'a processor', cores: 2, memoryBytes: 24 * 2 ** 30, kernel: '6.1', node: 'v20.20.2' },
}

it('has a line for each comparison, with its goal and whether it is met', () => {
  const lines = formatMatrix([result([side('bae', 1, 1), side('mmap', 2, 2)])]).split('\n')
  expect(lines).toHaveLength(3)
  expect(lines[2]).toBe(
    '| 1 | 2 GiB | CPU, s | 1.00 (1.00 - 1.00) | mmap | 2.00 (2.00 - 2.00) | 0.50 (0.50 - 0.50) | 0.95 x | met |',
  )
})

it('says void in place of met', () => {
  const sides = [side('bae', 1), side('mmap', 2), side('python', 1)]
  expect(formatMatrix([result(sides, { control: 'python' })])).toContain('| void |')
})

it('names what is void, what failed and what is not there', () => {
  const sides = [side('bae', 1), side('mmap', 2), side('python', 1)]
  const notes = matrixNotes([
    result(sides, { control: 'python' }),
    result([], { row: 2, name: 'cold', failure: 'EPERM: no root\nmore' }),
  ]).join('\n')
  expect(notes).toContain('Goals met: 0 of 0.')
  expect(notes).toContain('Void, row 1, 2 GiB: mmap is not within a tenth of python (CPU, s: 2.00).')
  expect(notes).toContain('Failed, row 2, cold: EPERM: no root')
  expect(notes).toContain('Row 4: not there yet.')
})

it('writes a page with date, commit, machine, and the plot of each row that was measured', () => {
  const measured = [
    result([side('bae', 1), side('mmap', 2)]),
    result([side('bae', 1), side('mmap', 2)], { row: 3 }),
  ]
  const page = formatPage(run, measured, (row) => `row-${row}.svg`)
  expect(page).toContain(
    '2026-11-26 04:05, commit abc1234, a processor, 2 cores, 24 GiB, Linux 6.1, Node v20.20.2.',
  )
  expect(page.match(/^## .*$/gm)).toEqual(['## Download', '## Verifying'])
  expect(page.match(/!\[Ratios\]\((.*)\)/g)).toEqual(['![Ratios](row-1.svg)', '![Ratios](row-3.svg)'])
})

it('plots a row without what has no ratio', () => {
  const sides = [
    { name: 'bae', rounds: [{ 'CPU, s': 1, 'database server, PSS, MiB': 30 }] },
    { name: 'mmap', rounds: [{ 'CPU, s': 2 }] },
  ]
  const svg = plotRow(1, [result(sides)])
  expect(svg.match(/<circle/g)).toHaveLength(1)
  expect(svg).toContain('2 GiB · CPU, s / mmap')
  expect(svg).not.toContain('NaN')
})
