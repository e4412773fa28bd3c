import { access, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { Reserve, reserveBytes } from '../src/embedded-postgres/reserve.js'
import { StorageError } from '../src/errors.js'
import { temporaryDirectory } from './temporary-directory.js'

let directory: string
let reserve: Reserve

beforeEach(async () => {
  directory = await temporaryDirectory()
  reserve = new Reserve(directory)
  await reserve.keep()
})

const isKept = (): Promise<boolean> =>
  access(join(directory, 'reserve')).then(
    () => true,
    () => false,
  )

/** Fails once. */
function failing(error: unknown) {
  let calls = 0
  return async () => {
    calls += 1
    if (calls === 1) throw error
    return calls
  }
}

const full = new StorageError('STORAGE_NO_SPACE', 'no space')

describe('what is kept free for deleting', () => {
  it('is a file of its size, and made once', async () => {
    expect((await stat(join(directory, 'reserve'))).size).toBe(reserveBytes)
    await reserve.keep()
    expect((await stat(join(directory, 'reserve'))).size).toBe(reserveBytes)
  })

  it('is given where the disk is full, and the job done again', async () => {
    expect(await reserve.during(failing(full))).toBe(2)
    expect(await isKept()).toBe(false)
  })

  it('stays where something else is wrong', async () => {
    const error = new StorageError('STORAGE_IO', 'broken')
    await expect(reserve.during(failing(error))).rejects.toBe(error)
    expect(await isKept()).toBe(true)
  })

  it('is given once: then the disk is full', async () => {
    await reserve.give()
    await expect(reserve.during(failing(full))).rejects.toBe(full)
  })

  it('is not made where it cannot be', async () => {
    await new Reserve(join(directory, 'not-there')).keep()
  })
})
