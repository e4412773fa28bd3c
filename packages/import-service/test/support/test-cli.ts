import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CreateTorrentOptions } from '@bae/native'
import type { CliContext } from '../../src/cli/command.js'
import { runCommandLine } from '../../src/cli/main.js'
import { StopControl } from '../../src/cli/stop-control.js'
import type { Composition } from '../../src/composition.js'
import { readConfig, resolveConfig } from '../../src/config/read-config.js'
import type { Environment } from '../../src/config/sources.js'
import { MemoryImportDatabase } from '../../src/database/memory-import-database.js'
import { ImportError } from '../../src/errors.js'
import { ImportService } from '../../src/import-service.js'
import { openLog } from '../../src/log/log.js'
import { FakeLibrary } from '../../src/testing/fake-library.js'
import { FakeTorrentClient } from '../../src/testing/fake-torrent-client.js'
import { readMagnetSimply } from '../../src/testing/read-magnet-simply.js'
import { selectSimply } from '../../src/testing/select-simply.js'
import { CapturedOutput } from './captured-output.js'
import { layoutOf, pieceLengthBytes } from './records.js'
import { TemporaryFolder } from './temporary-folder.js'

export interface CliResult {
  readonly code: number
  readonly output: CapturedOutput
}

/** The command line on a service of fakes. What is not asked for by a command is not there. */
export class TestCli implements AsyncDisposable {
  readonly folder: TemporaryFolder
  readonly library = new FakeLibrary()
  readonly client = new FakeTorrentClient(this.library)
  readonly imports = new MemoryImportDatabase()
  /** What the .torrent file and every magnet link are about. */
  layout = layoutOf({ 'one.wav': pieceLengthBytes, two: 10 })
  /** Whether there is a library before the first import. */
  hasLibrary = true
  /** Every .torrent file that was made. */
  readonly created: { readonly path: string; readonly options: CreateTorrentOptions }[] = []
  /** How often the real parts would have been loaded. */
  loads = 0
  stop = new StopControl({ exit: () => {} })
  /** More of the environment. */
  variables: Environment = {}
  /** How the user calls the program. */
  commandName = 'bae'

  private constructor(folder: TemporaryFolder) {
    this.folder = folder
  }

  static async create(): Promise<TestCli> {
    return new TestCli(await TemporaryFolder.create())
  }

  get torrentPath(): string {
    return join(this.folder.path, 'album.torrent')
  }

  get environment(): Environment {
    return {
      BAE_CONFIG: '/dev/null',
      BAE_LIBRARY: join(this.folder.path, 'library'),
      BAE_LISTEN: '127.0.0.1:0',
      ...this.variables,
    }
  }

  async saveTorrentFile(): Promise<void> {
    await writeFile(this.torrentPath, 'torrent')
  }

  async run(argv: readonly string[], output = new CapturedOutput()): Promise<CliResult> {
    this.stop = new StopControl({ exit: () => {} })
    const context: CliContext = {
      output,
      stop: this.stop,
      commandName: this.commandName,
      environment: this.environment,
      config: (flags) => readConfig(flags, { environment: this.environment }),
      resolveConfig: (flags) => resolveConfig(flags, { environment: this.environment }),
      openLog: async ({ logLevel = 'silent' }) =>
        openLog({ level: logLevel, isPretty: false, write: (line) => output.log(line) }),
      compose: async () => {
        this.loads += 1
        return this.#composition()
      },
    }
    return { code: await runCommandLine(argv, context), output }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]()
  }

  #composition(): Composition {
    const openService = async () =>
      new ImportService({
        client: this.client,
        imports: MemoryImportDatabase.join(this.imports),
        library: this.library,
        selectFiles: selectSimply,
        readMagnetUri: readMagnetSimply,
        parseTorrentFile: async () => this.layout,
      })
    const missing = async () => {
      throw new ImportError('IMPORT_CLOSED', 'not part of this test')
    }
    return {
      readMagnetUri: readMagnetSimply,
      parseTorrentFile: async () => this.layout,
      fetchLayout: async () => this.layout,
      selectFiles: selectSimply,
      openExistingLibrary: async () => (this.hasLibrary ? openService() : undefined),
      openToRecord: openService,
      openForImport: openService,
      createTorrentFile: async (path, options = {}) => {
        this.created.push({ path, options })
        return new TextEncoder().encode('torrent')
      },
      seed: missing,
      libtorrentVersion: async () => '2.0.8',
      inspectDatabase: async () => ({ kind: 'embedded', place: '/library/postgres', serverVersion: '18.4' }),
    }
  }
}
