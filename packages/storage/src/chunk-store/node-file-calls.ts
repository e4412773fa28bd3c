import fs, { constants } from 'node:fs'
import { rename } from 'node:fs/promises'
import type { FileCalls } from '../file-calls.js'
import { isThere, withFile } from './with-file.js'

const createForWriting = constants.O_WRONLY | constants.O_CREAT

/** Only Linux has it. */
export const directFlag: number = (constants as Partial<typeof constants>).O_DIRECT ?? 0

/** File calls of Node: each step is a call of its own. */
export const nodeFileCalls: FileCalls = {
  write(path, offset, bytes, isDirect) {
    const flags = createForWriting | (isDirect ? directFlag : 0)
    return withFile<number>(path, flags, (descriptor, done) => {
      const writeFrom = (at: number): void => {
        fs.write(descriptor, bytes, at, bytes.length - at, offset + at, (error, bytesWritten) => {
          const end = at + bytesWritten
          if (error !== null || isDirect || end >= bytes.length) done(error, end)
          else writeFrom(end)
        })
      }
      writeFrom(0)
    })
  },
  read(path, offset, into) {
    return withFile<number>(path, 'r', (descriptor, done) => {
      const readFrom = (at: number): void => {
        fs.read(descriptor, into, at, into.length - at, offset + at, (error, bytesRead) => {
          const end = at + bytesRead
          if (error !== null || bytesRead === 0 || end === into.length) done(error, end)
          else readFrom(end)
        })
      }
      if (into.length === 0) done(null, 0)
      else readFrom(0)
    })
  },
  async renameUnlessThere(from, to) {
    if (await isThere(to)) return false
    await rename(from, to)
    return true
  },
}
