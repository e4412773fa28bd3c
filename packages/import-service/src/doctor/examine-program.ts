import type { Composition } from '../composition.js'
import { isBaeError } from '../errors.js'
import { isNodeTooOld, neededNode } from '../oldest-node.js'
import { messageOf } from './describe-failure.js'
import type { DoctorItem } from './doctor-item.js'
import type { Machine } from './machine.js'

/** What bae is built against and tested with. */
const knownLibtorrent: Version = [2, 0, 8]
/** libtorrent's connections, the files of the store and the database have room in it. */
const enoughOpenFiles = 1024

type Version = readonly number[]

export function examineNode({ nodeVersion }: Machine): DoctorItem {
  const name = 'node'
  if (!isNodeTooOld(nodeVersion)) return { name, status: 'ok', detail: nodeVersion }
  return { name, status: 'fail', detail: `${nodeVersion} is too old`, advice: `install ${neededNode}` }
}

export async function examineLibtorrent(compose: () => Promise<Composition>): Promise<DoctorItem> {
  const name = 'libtorrent'
  const known = knownLibtorrent.join('.')
  try {
    const composition = await compose()
    const version = await composition.libtorrentVersion()
    const order = compare(parse(version), knownLibtorrent)
    if (order === 0) return { name, status: 'ok', detail: version }
    return {
      name,
      status: order < 0 ? 'fail' : 'warn',
      detail: `${version}; bae is tested with ${known} alone`,
      advice: `if imports go wrong, install libtorrent-rasterbar ${known} and run 'npm rebuild @bae/native'`,
    }
  } catch (error) {
    const advice = isBaeError(error, 'IMPORT_NODE_TOO_OLD')
      ? `install ${neededNode}`
      : `run ./bae in the clone again, or install libtorrent-rasterbar ${known} and run 'npm rebuild @bae/native'`
    return { name, status: 'fail', detail: messageOf(error), advice }
  }
}

export async function examineOpenFiles(machine: Machine): Promise<DoctorItem> {
  const name = 'open files'
  try {
    const limit = await machine.openFilesLimit()
    if (limit === undefined) return { name, status: 'ok', detail: 'this system does not say how many' }
    const detail = limit === Number.POSITIVE_INFINITY ? 'as many as it wants' : `up to ${limit}`
    if (limit >= enoughOpenFiles) return { name, status: 'ok', detail }
    const advice = `run 'ulimit -n ${enoughOpenFiles}' before, or raise the limit of this user`
    return { name, status: 'warn', detail: `${detail}: few for an import with many peers`, advice }
  } catch (error) {
    return { name, status: 'warn', detail: `not known: ${messageOf(error)}` }
  }
}

export function examineLocale({ isUtf8 }: Machine): DoctorItem {
  const name = 'locale'
  if (isUtf8) return { name, status: 'ok', detail: 'UTF-8' }
  return {
    name,
    status: 'warn',
    detail: 'not UTF-8: names of files may look wrong here; what is stored is right',
    advice: "run 'export LANG=C.UTF-8' before",
  }
}

function parse(version: string): Version {
  return version.split('.').map(Number)
}

/** As far as `known` goes: less than 0 where `version` is older. */
function compare(version: Version, known: Version): number {
  const differences = known.map((number, place) => (version[place] ?? 0) - number)
  return differences.find((difference) => difference !== 0) ?? 0
}
