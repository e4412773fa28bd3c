import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { isThere } from '../src/chunk-store/with-file.js'
import { createCluster } from '../src/embedded-postgres/create-cluster.js'
import { Presence } from '../src/embedded-postgres/presence.js'
import { TemporaryFolders } from './embedded-postgres-processes.js'

const folders = new TemporaryFolders()
afterEach(() => folders.removeAll())

describe('a new cluster', () => {
  it('is made beside one that another process renames into its place just then', async () => {
    const [library, binaries] = [await folders.make(), await folders.make()]
    await writeFile(join(binaries, 'initdb'), '#!/bin/sh\n')
    await chmod(join(binaries, 'initdb'), 0o755)
    const directory = join(library, 'postgres')
    // In the folder as it was read, and not there any more.
    await symlink(join(library, 'gone'), `${directory}.new-other`)
    await createCluster({
      directory,
      user: undefined,
      binaries: { directory: binaries, version: '18.0', major: 18 },
    })
    expect(await isThere(join(directory, 'password'))).toBe(true)
  })
})

/** A server that lets everybody in and answers the first question with an error. */
const welcome = Buffer.from('5200000008000000005a0000000549', 'hex')
const refusal = Buffer.concat([errorResponse('57P01', 'going down'), Buffer.from('5a0000000549', 'hex')])

function errorResponse(code: string, message: string): Buffer {
  const fields = Buffer.from(`SERROR\0VERROR\0C${code}\0M${message}\0\0`)
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeUInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}

describe('who cannot say that the server is in use', () => {
  it('leaves no connection behind that would', async () => {
    const directory = await folders.make()
    await mkdir(join(directory, 'data'))
    let closed = 0
    const server = createServer((socket) => {
      socket.once('data', () => {
        socket.write(welcome)
        socket.once('data', () => socket.write(refusal))
      })
      socket.on('close', () => closed++)
    })
    await new Promise<void>((resolve) => server.listen(join(directory, '.s.PGSQL.5432'), resolve))
    await expect(Presence.enter({ directory, socketDirectory: directory }, 'x')).rejects.toMatchObject({
      code: '57P01',
    })
    await expect.poll(() => closed).toBe(1)
    server.close()
  })
})
