import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { openEmbeddedPostgres } from '../src/embedded-postgres/index.js'
import { findPostgresBinaries } from '../src/embedded-postgres/postgres-binaries.js'
import { isAlive, TemporaryFolders } from './embedded-postgres-processes.js'

const folders = new TemporaryFolders()
afterEach(() => folders.removeAll())

/** A program that says its number and never answers. */
async function makeSlowServer(version: string): Promise<string> {
  const directory = await folders.make()
  const program = join(directory, 'postgres')
  const answer = `[ "$1" = --version ] && echo 'postgres (PostgreSQL) ${version}' && exit`
  await writeFile(program, `#!/bin/sh\n${answer}\necho "number $$"\nexec sleep 300\n`)
  await chmod(program, 0o755)
  await chmod(directory, 0o755)
  return directory
}

it('a server that is given up before it answers does not stay', async () => {
  const directory = await folders.make()
  const made = await openEmbeddedPostgres({ directory })
  await made.close()
  const { version } = await findPostgresBinaries({ copyDirectory: directory, user: undefined })
  const abort = new AbortController()
  const reason = new Error('given up')
  const binDirectory = await makeSlowServer(version)
  const failed = expect(openEmbeddedPostgres({ directory, binDirectory, signal: abort.signal })).rejects.toBe(
    reason,
  )
  const started = await vi.waitUntil(
    async () => /^number (\d+)$/m.exec(await readFile(join(made.clusterDirectory, 'server.log'), 'utf8')),
    { timeout: 45_000 },
  )
  const pid = Number(started[1])
  expect(isAlive(pid)).toBe(true)
  abort.abort(reason)
  await failed
  expect(isAlive(pid)).toBe(false)
})
