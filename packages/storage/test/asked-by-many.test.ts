import { describe, expect, it } from 'vitest'
import { AskedByMany } from '../src/asked-by-many.js'

/** Questions that are answered when the test says so. */
function scriptedQuestions() {
  const open: { resolve(answer: number): void; reject(error: Error): void }[] = []
  const read = () => new Promise<number>((resolve, reject) => open.push({ resolve, reject }))
  return { open, asked: new AskedByMany(read) }
}

/** Lets promise reactions that are due run. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('AskedByMany', () => {
  it('asks once for all who come while an answer is on its way, and not before it is there', async () => {
    const { open, asked } = scriptedQuestions()
    const first = asked.ask()
    const later = [asked.ask(), asked.ask()]
    await turn()
    expect(open).toHaveLength(1)
    open[0]?.resolve(1)
    await turn()
    expect(open).toHaveLength(2)
    open[1]?.resolve(2)
    expect(await Promise.all([first, ...later])).toEqual([1, 2, 2])
  })

  it('asks anew for who comes after an answer', async () => {
    const { open, asked } = scriptedQuestions()
    const first = asked.ask()
    open[0]?.resolve(1)
    await first
    const second = asked.ask()
    open[1]?.resolve(2)
    expect(await second).toBe(2)
  })

  it('rejects those whose question failed, and asks for the others', async () => {
    const { open, asked } = scriptedQuestions()
    const first = asked.ask()
    const second = asked.ask()
    open[0]?.reject(new Error('no answer'))
    await expect(first).rejects.toThrow('no answer')
    await turn()
    open[1]?.resolve(2)
    expect(await second).toBe(2)
  })
})
