import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { isRoot, nobody } from './embedded-postgres-processes.js'

/** As settings of postgresql.conf. */
type Settings = Readonly<Record<string, string>>

/** A PostgreSQL of a test's own that may be stopped, killed and started again. Nothing of it is kept. */
export class ThrowawayServer {
  readonly directory: string
  readonly #programs: string
  #settings: Settings = {}
  #process: ChildProcess | undefined

  private constructor(directory: string, programs: string) {
    this.directory = directory
    this.#programs = programs
  }

  /** `programs` is the folder of `postgres` and `initdb`; left out: what npm brought. */
  static async make(programs = packagedPrograms()): Promise<ThrowawayServer> {
    const directory = await mkdtemp('/tmp/bae-server-')
    await giveAway(directory)
    const server = new ThrowawayServer(directory, programs)
    const initdb = ['-D', server.data, '-U', 'bae', '-A', 'trust', '--no-sync']
    const [code] = await once(spawn(join(programs, 'initdb'), initdb, asServerUser()), 'exit')
    if (code !== 0) throw new Error(`initdb ended with ${code}`)
    return server
  }

  /** By its socket, as the superuser. */
  get url(): string {
    return `postgres://bae@${encodeURIComponent(this.directory)}:${this.#settings.port ?? 5432}/postgres`
  }

  get data(): string {
    return join(this.directory, 'data')
  }

  get isRunning(): boolean {
    return this.#process !== undefined
  }

  /** Starts it with these settings, also at later starts, and waits until it answers. */
  async start(settings: Settings = this.#settings): Promise<void> {
    this.#settings = settings
    this.launch()
    for (;;) {
      try {
        return void (await this.query('SELECT 1'))
      } catch (error) {
        if (this.#process?.exitCode !== null) throw error
      }
    }
  }

  /** Starts it and waits for nothing. */
  launch(): void {
    const all = {
      listen_addresses: '',
      unix_socket_directories: this.directory,
      fsync: 'off',
      max_connections: '40',
      ...this.#settings,
    }
    const parameters = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const program = join(this.#programs, 'postgres')
    this.#process = spawn(program, ['-D', this.data, ...parameters], asServerUser())
  }

  /** SIGINT ends its clients, SIGKILL does not even say goodbye. Returns when its process is gone. */
  async stop(signal: 'SIGINT' | 'SIGKILL' = 'SIGINT'): Promise<void> {
    const stopped = this.#process
    this.#process = undefined
    if (stopped === undefined || stopped.exitCode !== null) return
    const ended = once(stopped, 'exit')
    stopped.kill(signal)
    await ended
  }

  async restart(signal?: 'SIGINT' | 'SIGKILL'): Promise<void> {
    await this.stop(signal)
    // What a killed server left in use is not free at once.
    for (;;) {
      try {
        return await this.start()
      } catch (error) {
        if (signal !== 'SIGKILL') throw error
      }
    }
  }

  async query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query(text, [...values])).rows as Row[]
    } finally {
      await client.end()
    }
  }

  async remove(): Promise<void> {
    await this.stop()
    await rm(this.directory, { recursive: true, force: true })
  }
}

/** PostgreSQL does not run as root. */
function asServerUser() {
  return { ...(isRoot ? nobody : {}), cwd: '/', stdio: 'ignore' } as const
}

/** For files that the server must own. */
export async function giveAway(path: string): Promise<void> {
  if (isRoot) await chown(path, nobody.uid, nobody.gid)
}

function packagedPrograms(): string {
  const require = createRequire(import.meta.url)
  const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  return join(dirname(dirname(entry)), 'native', 'bin')
}

/** Of PG_BIN, or the newest that Debian installed: absent where there is neither. */
export async function systemPrograms(): Promise<string | undefined> {
  if (process.env.PG_BIN) return process.env.PG_BIN
  const versions = await readdir('/usr/lib/postgresql').catch(() => [])
  const newest = versions.sort((a, b) => Number(a) - Number(b)).at(-1)
  return newest === undefined ? undefined : join('/usr/lib/postgresql', newest, 'bin')
}
