import { expect, it } from 'vitest'
import { runInOrder } from '../run-in-order.js'

interface Job {
  readonly name: string
  readonly cores: number
}

/** Jobs that end when they are told to, and a record of what happened. */
function stage(jobs: readonly Job[]) {
  const said: string[] = []
  const ends = new Map<string, (error?: Error) => void>()
  const run = ({ name }: Job) =>
    new Promise<string>((resolve, reject) => {
      said.push(`begin ${name}`)
      ends.set(name, (error) => (error === undefined ? resolve(name) : reject(error)))
    })
  const all = runInOrder(jobs, 2, ({ cores }) => cores, run)
  const end = async (name: string, error?: Error) => {
    said.push(`end ${name}`)
    ends.get(name)?.(error)
    await new Promise(setImmediate)
  }
  return { said, end, all }
}

it('runs as many at once as have room, in order, and gives the results in order', async () => {
  const { said, end, all } = stage([
    { name: 'a', cores: 1 },
    { name: 'b', cores: 1 },
    { name: 'c', cores: 1 },
  ])
  await end('b')
  await end('c')
  await end('a')
  expect(said).toEqual(['begin a', 'begin b', 'end b', 'begin c', 'end c', 'end a'])
  expect(await all).toEqual(['a', 'b', 'c'])
})

it('keeps one that needs all to itself, and lets nothing overtake it', async () => {
  const { said, end, all } = stage([
    { name: 'a', cores: 1 },
    { name: 'whole', cores: 2 },
    { name: 'b', cores: 1 },
  ])
  await end('a')
  await end('whole')
  await end('b')
  expect(said).toEqual(['begin a', 'end a', 'begin whole', 'end whole', 'begin b', 'end b'])
  await all
})

it('begins one that needs no room in its turn, beside those that have all of it', async () => {
  const { said, end, all } = stage([
    { name: 'whole', cores: 2 },
    { name: 'none', cores: 0 },
    { name: 'next', cores: 1 },
  ])
  await end('none')
  await end('whole')
  await end('next')
  expect(said).toEqual(['begin whole', 'begin none', 'end none', 'end whole', 'begin next', 'end next'])
  await all
})

it('gives one that asks for more than there is everything', async () => {
  const { end, all } = stage([{ name: 'huge', cores: 64 }])
  await end('huge')
  expect(await all).toEqual(['huge'])
})

it('tells when a job could not be run, after the others ended', async () => {
  const { end, all } = stage([
    { name: 'a', cores: 1 },
    { name: 'b', cores: 1 },
  ])
  const failure = new Error('no such program')
  const told = expect(all).rejects.toBe(failure)
  await end('a', failure)
  await end('b')
  await told
})
