import { expect, it } from 'vitest'
import type { MatrixCase, Side } from '../src/matrix/matrix-case.js'
import { runCase } from '../src/matrix/run-case.js'

/** A case with these sides, and whether it was closed. No workshop is needed by it. */
function stage(sides: readonly Side[]) {
  const state = { isClosed: false }
  const matrixCase: MatrixCase = {
    row: 1,
    name: 'a case',
    baseline: 'mmap',
    goals: [],
    open: async () => ({
      sides,
      async [Symbol.asyncDispose]() {
        state.isClosed = true
      },
    }),
  }
  const run = (rounds: number) => runCase(matrixCase, undefined as never, rounds, () => {})
  return { state, run }
}

it('measures the sides in turn', async () => {
  const order: string[] = []
  const side = (name: string): Side => ({
    name,
    async measure() {
      order.push(name)
      return { 'CPU, s': order.length }
    },
  })
  const { state, run } = stage([side('bae'), side('mmap')])
  const { sides } = await run(2)
  expect(order).toEqual(['bae', 'mmap', 'bae', 'mmap'])
  expect(sides).toEqual([
    { name: 'bae', rounds: [{ 'CPU, s': 1 }, { 'CPU, s': 3 }] },
    { name: 'mmap', rounds: [{ 'CPU, s': 2 }, { 'CPU, s': 4 }] },
  ])
  expect(state.isClosed).toBe(true)
})

it('keeps the rounds before a failure, and none of the one that failed', async () => {
  let measured = 0
  const { state, run } = stage([
    { name: 'bae', measure: async () => ({ 'CPU, s': 1 }) },
    {
      name: 'mmap',
      async measure() {
        measured += 1
        if (measured === 2) throw new Error('no space left')
        return { 'CPU, s': 2 }
      },
    },
  ])
  const { sides, failure } = await run(3)
  expect(failure).toBe('no space left')
  expect(sides.map(({ rounds }) => rounds.length)).toEqual([1, 1])
  expect(state.isClosed).toBe(true)
})
