import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  type EmbeddedPostgres,
  inspectEmbeddedPostgres,
  openEmbeddedPostgres,
} from '../src/embedded-postgres/index.js'
import { findPostgresBinaries } from '../src/embedded-postgres/postgres-binaries.js'
import { serverUser } from '../src/embedded-postgres/server-user.js'
import {
  compileLauncher,
  isAlive,
  isRoot,
  LibraryProcess,
  moveToPrivateHome,
  nobody,
  serverProcess,
  TemporaryFolders,
} from './embedded-postgres-processes.js'

// Clusters are made and flushed, which a busy disk takes its time for.
vi.setConfig({ testTimeout: 180_000 })

const folders = new TemporaryFolders()
const servers: EmbeddedPostgres[] = []
let compiled: string

beforeAll(async () => {
  compiled = await compileLauncher()
})

afterAll(() => rm(compiled, { recursive: true }))

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
  await folders.removeAll()
})

/** Closed after the test, where it was not before. */
async function open(options: Parameters<typeof openEmbeddedPostgres>[0]): Promise<EmbeddedPostgres> {
  const server = await openEmbeddedPostgres(options)
  servers.push(server)
  return server
}

async function query<Row>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows as Row[]
  } finally {
    await client.end()
  }
}

/** Processes that say that they use the server. */
async function presences(url: string): Promise<number> {
  return (await query(url, `SELECT 1 FROM pg_stat_activity WHERE application_name = 'bae presence'`)).length
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}

describe('a new library', () => {
  it('gets a server that nobody else can reach, and finds its data again, also where a copy has let others in', async () => {
    const directory = await folders.make()
    const server = await open({ directory })
    expect(server.clusterDirectory).toBe(join(directory, 'postgres'))
    expect(server.version).toMatch(/^\d+\.\d+/)
    expect(await query(server.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '' }])
    expect(await query(server.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }])
    for (const path of ['', 'data', 'run'])
      expect(await modeOf(join(server.clusterDirectory, path))).toBe(0o700)
    for (const path of ['password', 'server.log'])
      expect(await modeOf(join(server.clusterDirectory, path))).toBe(0o600)
    const withoutPassword = server.url.replace(/:[^:@]+@/, ':wrong@')
    await expect(query(withoutPassword, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
    await query(server.url, 'CREATE TABLE kept (n integer)')
    const processId = await serverProcess(server.clusterDirectory)
    await server.close()
    await server.close()
    expect(isAlive(processId)).toBe(false)
    await chmod(join(server.clusterDirectory, 'data'), 0o755)
    const again = await open({ directory })
    expect(await modeOf(join(server.clusterDirectory, 'data'))).toBe(0o700)
    expect(await query(again.url, 'SELECT count(*)::integer FROM kept')).toEqual([{ count: 0 }])
    expect(await readdir(directory)).toEqual(['postgres'])
  })

  it('whose path is too long for a socket gets a private folder with a short one', async () => {
    const directory = join(await folders.make(), 'a long name '.repeat(12))
    await mkdir(directory)
    const server = await open({ directory })
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    const [row] = await query<{ unix_socket_directories: string }>(server.url, 'SHOW unix_socket_directories')
    const socketDirectory = row!.unix_socket_directories.replaceAll('"', '')
    expect(socketDirectory).toMatch(/^\/tmp\/bae-/)
    expect(await modeOf(socketDirectory)).toBe(0o700)
    await server.close()
    await rm(socketDirectory, { recursive: true })
  })

  it('with a folder named for it has its database there, is found without the name, and not made anew without the folder', async () => {
    const [directory, stateDirectory] = [await folders.make(), await folders.make()]
    const server = await open({ directory, stateDirectory })
    expect(server.clusterDirectory.startsWith(stateDirectory)).toBe(true)
    await server.close()
    expect(await inspectEmbeddedPostgres({ directory })).toEqual({
      clusterDirectory: server.clusterDirectory,
      exists: true,
    })
    const again = await open({ directory })
    expect(again.clusterDirectory).toBe(server.clusterDirectory)
    await again.close()
    for (const name of await readdir(stateDirectory))
      await rm(join(stateDirectory, name), { recursive: true })
    await expect(openEmbeddedPostgres({ directory, stateDirectory })).rejects.toMatchObject({
      code: 'STORAGE_REBUILD_NEEDED',
      message: expect.stringContaining(stateDirectory),
    })
  })

  it('that is given up leaves nothing behind', async () => {
    const directory = await folders.make()
    const controller = new AbortController()
    const reason = new Error('enough')
    const opening = openEmbeddedPostgres({ directory, signal: controller.signal })
    const failed = expect(opening).rejects.toBe(reason)
    while ((await readdir(directory)).length === 0);
    controller.abort(reason)
    await failed
    expect(await readdir(directory)).toEqual([])
  })
})

describe('processes of one library', () => {
  it('that start at once make one cluster and share one server, which the last one out stops', async () => {
    const directory = await folders.make()
    const processes = Array.from({ length: 4 }, () => LibraryProcess.fork(compiled))
    const opened = await Promise.all(processes.map((one) => one.open({ directory })))
    expect(opened.map(({ error }) => error)).toEqual(opened.map(() => undefined))
    const clusterDirectory = opened[0]!.clusterDirectory
    const server = await serverProcess(clusterDirectory)
    expect(await readdir(directory)).toEqual(['postgres'])
    const [last, ...others] = processes
    await Promise.all(others.map((one) => one.close()))
    expect(await query(opened[0]!.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await last!.close()
    expect(isAlive(server)).toBe(false)
    expect(await inspectEmbeddedPostgres({ directory })).toEqual({ clusterDirectory, exists: true })
  })

  it('that come while the last one stops the server get one that runs', async () => {
    const directory = await folders.make()
    for (let round = 0; round < 5; round++) {
      const leaving = await open({ directory })
      const [, server] = await Promise.all([leaving.close(), open({ directory })])
      expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
      await server.close()
    }
  })

  it('adopt the server of one that was killed', async () => {
    const directory = await folders.make()
    const killed = LibraryProcess.fork(compiled)
    const { clusterDirectory } = await killed.open({ directory })
    const processId = await serverProcess(clusterDirectory)
    await killed.kill()
    const adopted = await open({ directory })
    expect(await inspectEmbeddedPostgres({ directory })).toEqual({
      clusterDirectory,
      exists: true,
      processId,
    })
    await adopted.close()
    expect(isAlive(processId)).toBe(false)
  })

  it('open what was killed with its server, and find all that was committed', async () => {
    const directory = await folders.make()
    const killed = LibraryProcess.fork(compiled)
    const { url, clusterDirectory } = await killed.open({ directory })
    await query(url, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n')
    process.kill(await serverProcess(clusterDirectory), 'SIGKILL')
    await killed.kill()
    const server = await open({ directory })
    expect(await query(server.url, 'SELECT count(*)::integer FROM kept')).toEqual([{ count: 1000 }])
  })

  it('start the server again when it is killed below them, share it as before, and the last one stops it', async () => {
    const directory = await folders.make()
    const other = LibraryProcess.fork(compiled)
    const { url, clusterDirectory } = await other.open({ directory })
    const server = await open({ directory })
    await query(url, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n')
    for (let round = 0; round < 2; round++) {
      const before = await serverProcess(clusterDirectory)
      process.kill(before, 'SIGKILL')
      const count = () => query(server.url, 'SELECT count(*)::integer FROM kept').catch(() => 'away')
      await expect.poll(count).toEqual([{ count: 1000 }])
      expect(await serverProcess(clusterDirectory)).not.toBe(before)
      await expect.poll(() => presences(server.url)).toBe(2)
    }
    const processId = await serverProcess(clusterDirectory)
    await other.close()
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await server.close()
    expect(isAlive(processId)).toBe(false)
  })

  it('leave no server behind when they close while it is started again', async () => {
    const directory = await folders.make()
    const server = await open({ directory })
    process.kill(await serverProcess(server.clusterDirectory), 'SIGKILL')
    // Its own connection hears of it first.
    await expect.poll(() => query(server.url, 'SELECT 1').catch(() => 'away')).toBe('away')
    await server.close()
    expect(await inspectEmbeddedPostgres({ directory })).toEqual({
      clusterDirectory: server.clusterDirectory,
      exists: true,
    })
  })

  it('are not misled by the number of a dead server that another process has now', async () => {
    const directory = await folders.make()
    const killed = LibraryProcess.fork(compiled)
    const { clusterDirectory } = await killed.open({ directory })
    const server = await serverProcess(clusterDirectory)
    const file = join(clusterDirectory, 'data', 'postmaster.pid')
    const written = await readFile(file, 'utf8')
    await killed.kill()
    process.kill(server, 'SIGKILL')
    const other = spawn('/bin/sleep', ['60'], { ...(await serverUser()) })
    await writeFile(file, written.replace(`${server}`, `${other.pid}`))
    const again = await open({ directory })
    expect(await query(again.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    other.kill()
    await once(other, 'exit')
  })

  it('leave the server a session of its own, which holds no stream of theirs', async () => {
    const directory = await folders.make()
    const script = `
      const { openEmbeddedPostgres } = await import(process.argv[1])
      const server = await openEmbeddedPostgres({ directory: process.argv[2] })
      console.log(server.clusterDirectory)
      process.exit()
    `
    const parameters = [
      '--input-type=module',
      '-e',
      script,
      join(compiled, 'embedded-postgres/index.js'),
      directory,
    ]
    const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] })
    // 'close' comes when nobody has the pipe any more, as for a shell's `| cat`.
    await once(child, 'close')
    const server = await serverProcess(join(directory, 'postgres'))
    expect(isAlive(server)).toBe(true)
    const status = await readFile(`/proc/${server}/stat`, 'utf8')
    const [, parent, group, session] = status
      .slice(status.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    expect({ group, session }).toEqual({ group: server, session: server })
    expect(parent).not.toBe(child.pid)
    const last = await open({ directory })
    // The server takes a moment to see that the other one is gone.
    await expect.poll(() => presences(last.url)).toBe(1)
    await last.close()
    expect(isAlive(server)).toBe(false)
  })
})

describe('what cannot be', () => {
  it('is STORAGE_POSTGRES_NOT_FOUND where there is no PostgreSQL', async () => {
    const directory = await folders.make()
    const opening = openEmbeddedPostgres({ directory, binDirectory: join(directory, 'nothing') })
    await expect(opening).rejects.toMatchObject({ code: 'STORAGE_POSTGRES_NOT_FOUND' })
    expect(await readdir(directory)).toEqual([])
  })

  it('is said in the words of the server that does not start, or in ours of a cluster it cannot read', async () => {
    const directory = await folders.make()
    const server = await open({ directory })
    await server.close()
    const data = join(server.clusterDirectory, 'data')
    const failsWith = (words: string) =>
      expect(openEmbeddedPostgres({ directory })).rejects.toMatchObject({
        code: 'STORAGE_DATABASE',
        message: expect.stringContaining(words),
      })
    await writeFile(join(data, 'postgresql.conf'), 'no_such_setting = 1\n')
    await failsWith('no_such_setting')
    await writeFile(join(data, 'PG_VERSION'), '9\n')
    await failsWith('PostgreSQL 9')
  })

  it('is not the end where a new cluster is asked for: a lost one is made anew, one of another version put aside', async () => {
    const [directory, stateDirectory] = [await folders.make(), await folders.make()]
    const server = await open({ directory, stateDirectory })
    await query(server.url, 'CREATE TABLE mark (id integer)')
    await server.close()
    const marks = async (options: object): Promise<number> => {
      const again = await open({ directory, ...options })
      const found = await query(again.url, `SELECT 1 FROM pg_tables WHERE tablename = 'mark'`)
      await again.close()
      return found.length
    }
    expect(await marks({ renew: true })).toBe(1)
    await writeFile(join(server.clusterDirectory, 'data', 'PG_VERSION'), '9\n')
    expect(await marks({ renew: true })).toBe(0)
    const aside = (await readdir(dirname(server.clusterDirectory))).filter((name) =>
      name.startsWith('postgres.9'),
    )
    expect(aside).toHaveLength(1)
    await rm(stateDirectory, { recursive: true })
    await expect(openEmbeddedPostgres({ directory })).rejects.toMatchObject({
      code: 'STORAGE_REBUILD_NEEDED',
    })
    expect(await marks({ stateDirectory, renew: true })).toBe(0)
    expect(await marks({})).toBe(0)
  })

  it('names BAE_STATE where the folder cannot hold the database', async (context) => {
    context.skip(!isRoot, 'needs root')
    const { directory: binDirectory } = await findPostgresBinaries({
      copyDirectory: await folders.make(),
      user: nobody,
    })
    const library = LibraryProcess.fork(compiled)
    const { error } = await library.open({ directory: await folders.make(), binDirectory }, nobody)
    expect(error).toMatchObject({
      code: 'STORAGE_POSTGRES_FOLDER',
      message: expect.stringContaining('BAE_STATE'),
    })
  })
})

describe('as root', () => {
  it('the server runs as the unprivileged user, in a library that this user can enter', async (context) => {
    context.skip(!isRoot, 'needs root')
    const server = await open({ directory: await folders.make() })
    const { uid } = await stat(`/proc/${await serverProcess(server.clusterDirectory)}`)
    expect(uid).toBe((await serverUser())?.uid)
    expect(uid).not.toBe(0)
  })

  it('a library in a private folder has its database where the server can go, and is found again', async (context) => {
    context.skip(!isRoot, 'needs root')
    const [directory, fallbackStateDirectory] = [await folders.make(0o700), await folders.make()]
    const server = await open({ directory, fallbackStateDirectory })
    expect(server.clusterDirectory.startsWith(fallbackStateDirectory)).toBe(true)
    await server.close()
    expect((await open({ directory })).clusterDirectory).toBe(server.clusterDirectory)
  })

  it('programs in a private home, without the links of their libraries, are copied once to where they run', async (context) => {
    context.skip(!isRoot, 'needs root')
    const home = await moveToPrivateHome(compiled, await folders.make())
    const [directory, fallbackStateDirectory] = [await folders.make(), await folders.make()]
    const options = { directory, fallbackStateDirectory }
    const opened = await Promise.all(
      [1, 2].map(async () => {
        const library = LibraryProcess.fork(home)
        return { library, ...(await library.open(options)) }
      }),
    )
    for (const { error } of opened) expect(error).toBeUndefined()
    expect(await query(opened[0]!.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    for (const { library } of opened) await library.close()
    expect(await readdir(fallbackStateDirectory)).toEqual([expect.stringMatching(/^postgresql-[^.]+\.[^.]+/)])
  })

  it('the library of an ordinary user is served as that user, who finds it as before', async (context) => {
    context.skip(!isRoot, 'needs root')
    const { directory: binDirectory } = await findPostgresBinaries({
      copyDirectory: await folders.make(),
      user: nobody,
    })
    const directory = await folders.make(0o700)
    await chown(directory, nobody.uid, nobody.gid)
    for (const user of [nobody, undefined, nobody]) {
      const library = LibraryProcess.fork(compiled)
      const opened = await library.open({ directory, binDirectory }, user)
      expect(opened.error).toBeUndefined()
      expect(opened.clusterDirectory).toBe(join(directory, 'postgres'))
      const { uid } = await stat(`/proc/${await serverProcess(opened.clusterDirectory)}`)
      expect(uid).toBe(nobody.uid)
      await library.close()
    }
  })
})
