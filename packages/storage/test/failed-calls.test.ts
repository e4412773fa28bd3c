import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { noSpaceIn } from '../src/embedded-postgres/no-space.js'
import { ioError } from '../src/io-error.js'
import { DatabaseServer } from '../src/typeorm/database-server.js'

describe('a failed system call', () => {
  it('is no space only for a full disk or quota, and never absence', () => {
    const failed = (code: string): Error => Object.assign(new Error(code), { code, syscall: 'write' })
    const quota = Object.assign(failed('Unknown system error -122'), { errno: -constants.errno.EDQUOT })
    for (const error of [failed('ENOSPC'), failed('EDQUOT'), quota])
      expect(ioError('writing', error).code).toBe('STORAGE_NO_SPACE')
    for (const code of ['EMFILE', 'ENFILE', 'EACCES', 'EIO', 'EROFS', 'ENOTDIR']) {
      const error = ioError('writing', failed(code))
      expect(error.code).toBe('STORAGE_IO')
      expect(error.message).toContain(code)
      expect(error.cause).toBeInstanceOf(Error)
    }
  })
})

describe('a database without space', () => {
  it('is no space in its answers', async () => {
    const cause = Object.assign(new Error('could not extend file "base/5/1"'), { code: '53100' })
    const server = new DatabaseServer({ url: 'postgres://nobody' })
    await expect(server.run(() => Promise.reject(cause))).rejects.toMatchObject({
      code: 'STORAGE_NO_SPACE',
      message: 'no space for the database: could not extend file "base/5/1"',
      cause,
    })
  })

  it.for([
    [
      '2026-11-26 02:01:24.655 UTC [4452] FATAL:  could not write lock file "postmaster.pid": No space left on device',
      'could not write lock file "postmaster.pid": No space left on device',
    ],
    [
      'creating files ... initdb: error: could not open file "a" for writing: Disk quota exceeded\nremoving "a"',
      'could not open file "a" for writing: Disk quota exceeded',
    ],
    [
      'FATAL:  could not extend file "base/1/2658": wrote only 4096 of 8192 bytes at block 8\nHINT:  Check free disk space.',
      'could not extend file "base/1/2658": wrote only 4096 of 8192 bytes at block 8',
    ],
    ['FATAL:  could not bind Unix address "/run/a": Permission denied', undefined],
  ] as const)('is no space in what it wrote: %s', ([written, found]) => {
    expect(noSpaceIn(written)).toBe(found)
  })
})
