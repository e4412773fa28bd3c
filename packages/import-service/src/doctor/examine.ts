import type { ResolvedConfig } from '../config/read-config.js'
import type { DoctorItem } from './doctor-item.js'
import { type ExamineDatabaseDeps, examineDatabase } from './examine-database.js'
import {
  examineClock,
  examineFileSystem,
  examineLibrary,
  examineRemote,
  examineSpace,
} from './examine-place.js'
import { examinePort } from './examine-port.js'
import { examineLibtorrent, examineLocale, examineNode, examineOpenFiles } from './examine-program.js'
import { examineSettings, failedSettings } from './examine-settings.js'
import type { Machine } from './machine.js'

export interface ExamineDeps extends Omit<ExamineDatabaseDeps, 'config'> {
  /** Or why there is none. */
  readonly settings: ResolvedConfig | Error
  readonly version: string
  readonly machine: Machine
}

/** Looks at everything that an import needs. Never rejects for what it finds: that becomes an item. */
export async function examine(deps: ExamineDeps): Promise<readonly DoctorItem[]> {
  const { compose, machine, settings, version } = deps
  return [
    { name: 'bae', status: 'ok', detail: `${version} on ${machine.platform}` },
    examineNode(machine),
    await examineLibtorrent(compose),
    ...(settings instanceof Error ? [failedSettings(settings)] : await examinePlaces(deps, settings)),
    await examineOpenFiles(machine),
    examineLocale(machine),
  ]
}

async function examinePlaces(deps: ExamineDeps, settings: ResolvedConfig): Promise<readonly DoctorItem[]> {
  const { machine } = deps
  const { config } = settings
  const { libraryDirectory: directory, remoteDirectory: remote } = config
  return [
    await examineSettings(settings),
    await examineLibrary(directory),
    await examineFileSystem(directory, machine),
    await examineSpace(directory, machine),
    ...(remote === undefined ? [] : [await examineRemote(remote, directory)]),
    await examineDatabase({ ...deps, config }),
    await examinePort(config.listenInterfaces),
    await examineClock(directory, machine),
  ]
}
