import { expect, it } from 'vitest'
import { spreadOf } from '../src/statistics.js'

it('gives the one in the middle of an odd number, in any order', () => {
  expect(spreadOf([9, 1, 4])).toEqual({ median: 4, lowest: 1, highest: 9 })
})

it('gives what lies between the two in the middle of an even number', () => {
  expect(spreadOf([10, 2, 3, 1])).toEqual({ median: 2.5, lowest: 1, highest: 10 })
})

it('compares numbers as numbers', () => {
  expect(spreadOf([100, 9, 20]).median).toBe(20)
})

it('leaves what it was given as it was', () => {
  const values = [3, 1, 2]
  spreadOf(values)
  expect(values).toEqual([3, 1, 2])
})

it('knows nothing of nothing', () => {
  expect(spreadOf([])).toEqual({ median: Number.NaN, lowest: Number.NaN, highest: Number.NaN })
})
