import type { DoctorItem } from './doctor-item.js'
import { type ExamineDatabaseDeps, examineDatabase } from './examine-database.js'
import { examineClock, examineFileSystem, examineLibrary, examineSpace } from './examine-place.js'
import { examinePort } from './examine-port.js'
import { examineLibtorrent, examineLocale, examineNode, examineOpenFiles } from './examine-program.js'
import type { Machine } from './machine.js'

export interface ExamineDeps extends ExamineDatabaseDeps {
  readonly version: string
  readonly machine: Machine
}

/** Looks at everything that an import needs. Never rejects for what it finds: that becomes an item. */
export async function examine(deps: ExamineDeps): Promise<readonly DoctorItem[]> {
  const { compose, config, machine, version } = deps
  const directory = config.libraryDirectory
  return [
    { name: 'bae', status: 'ok', detail: `${version} on ${machine.platform}` },
    examineNode(machine),
    await examineLibtorrent(compose),
    await examineLibrary(directory),
    await examineFileSystem(directory, machine),
    await examineSpace(directory, machine),
    await examineDatabase(deps),
    await examinePort(config.listenInterfaces),
    await examineClock(directory, machine),
    await examineOpenFiles(machine),
    examineLocale(machine),
  ]
}
