import type { TorrentLayout } from '@bae/storage'
import { MemoryImportDatabase } from '../../src/database/memory-import-database.js'
import { ImportService } from '../../src/import-service.js'
import type { ImportServiceDeps } from '../../src/import-service-deps.js'
import { FakeLibrary } from '../../src/testing/fake-library.js'
import { FakeTorrentClient } from '../../src/testing/fake-torrent-client.js'
import { readMagnetSimply } from '../../src/testing/read-magnet-simply.js'
import { selectSimply } from '../../src/testing/select-simply.js'

/** What a service stands on in tests whose only torrent has this layout. */
export class FakeParts {
  readonly library = new FakeLibrary()
  readonly client = new FakeTorrentClient(this.library)
  readonly imports = new MemoryImportDatabase()
  readonly #layout: TorrentLayout

  constructor(layout: TorrentLayout) {
    this.#layout = layout
  }

  /** Several services share the parts, where a test wants them to. */
  open(others: Partial<ImportServiceDeps> = {}): ImportService {
    const { client, imports, library } = this
    const parseTorrentFile = async () => this.#layout
    return new ImportService({
      client,
      imports,
      library,
      selectFiles: selectSimply,
      readMagnetUri: readMagnetSimply,
      parseTorrentFile,
      ...others,
    })
  }
}
