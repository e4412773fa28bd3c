import { chmod } from 'node:fs/promises'
import { type EmbeddedPostgres, openEmbeddedPostgres } from '@bae/storage/embedded-postgres'
import { makeTemporaryFolder, removeFolder } from './temporary-folder.js'

/** One PostgreSQL for many commands, so that none of them starts and stops its own. */
export class SharedServer implements AsyncDisposable {
  readonly #server: EmbeddedPostgres
  readonly #folder: string

  private constructor(server: EmbeddedPostgres, folder: string) {
    this.#server = server
    this.#folder = folder
  }

  static async start(): Promise<SharedServer> {
    const folder = await makeTemporaryFolder()
    return new SharedServer(await openEmbeddedPostgres({ directory: folder }), folder)
  }

  /** For BAE_DATABASE_URL. */
  get url(): string {
    return this.#server.url
  }

  async close(): Promise<void> {
    await this.#server.close()
    // The server's user has it, and nobody else may look into it.
    await chmod(this.#folder, 0o755)
    await removeFolder(this.#folder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
