import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runningServers, stopLeftoverServers } from './leftover-server.js'
import { makeTemporaryFolder, removeFolder } from './temporary-folder.js'
import { absentIsEmpty, folderSize, listFiles } from './tree-digest.js'

/**
 * A library of a test with all that bae may write outside of it (database cluster, sockets, temporary
 * files) in the same throwaway folder, so that nothing is left behind and everything can be found.
 */
export class BaeLibrary implements AsyncDisposable {
  readonly root: string

  readonly #environment: NodeJS.ProcessEnv

  private constructor(root: string, environment: NodeJS.ProcessEnv) {
    this.root = root
    this.#environment = environment
  }

  /** `environment` is added to that of every command. */
  static async create(environment: NodeJS.ProcessEnv = {}): Promise<BaeLibrary> {
    const library = new BaeLibrary(await makeTemporaryFolder(), environment)
    await mkdir(library.outputFolder)
    await mkdir(library.temporaryFolder)
    // Also for the unprivileged user whom bae's PostgreSQL runs as.
    await chmod(library.temporaryFolder, 0o1777)
    return library
  }

  /** What `--library` names. Made by bae itself. */
  get folder(): string {
    return join(this.root, 'library')
  }

  get stateFolder(): string {
    return join(this.root, 'state')
  }

  get temporaryFolder(): string {
    return join(this.root, 'tmp')
  }

  /** For exports. */
  get outputFolder(): string {
    return join(this.root, 'out')
  }

  get env(): NodeJS.ProcessEnv {
    const places = {
      // What the machine's own user has set is not for tests.
      BAE_CONFIG: '/dev/null',
      BAE_LIBRARY: this.folder,
      BAE_STATE: this.stateFolder,
      BAE_LISTEN: '127.0.0.1:0',
      TMPDIR: this.temporaryFolder,
    }
    return { ...places, ...this.#environment }
  }

  /** The pids of PostgreSQL servers that run for this library now. */
  async servers(): Promise<readonly number[]> {
    return runningServers(this.root)
  }

  /** All files of the library, and what they hold. The database is elsewhere. */
  async size(): Promise<{ files: number; bytes: number }> {
    return folderSize(this.folder)
  }

  /** The files whose name is a chunk's key: 64 hex digits, wherever the store puts folders between them. */
  async chunkFiles(): Promise<readonly string[]> {
    const files = await listFiles(this.folder).catch(absentIsEmpty)
    return files
      .filter((path) => /[0-9a-f]{64}/.test(path.replaceAll('/', '')))
      .map((path) => join(this.folder, path))
  }

  async close(): Promise<void> {
    await stopLeftoverServers(this.root)
    await removeFolder(this.root)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
