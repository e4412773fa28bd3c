import { stat } from 'node:fs/promises'
import type { ResolvedConfig } from '../config/read-config.js'
import type { DoctorItem } from './doctor-item.js'

const name = 'settings'
const readableByAll = 0o004

/** Whether what is set is all understood, and a password in the file is kept to those whom it is for. */
export async function examineSettings(resolved: ResolvedConfig): Promise<DoctorItem> {
  const { config, file, origins, unknownVariables } = resolved
  const [unknown] = unknownVariables
  if (unknown !== undefined) {
    const detail = `${unknownVariables.map((each) => each.name).join(', ')}: no setting of bae`
    const advice = unknown.near === undefined ? 'unset it, or see' : `did you mean ${unknown.near}? See`
    return { name, status: 'warn', detail, advice: `${advice} 'bae config'` }
  }
  const isSecret =
    origins.get('databaseUrl')?.from === 'file' && hasPassword(config.databaseUrl ?? '') && file.isThere
  if (isSecret && ((await stat(file.path)).mode & readableByAll) !== 0) {
    const detail = `${file.path} has a password in it, and everybody may read it`
    return { name, status: 'warn', detail, advice: `chmod o-r ${file.path}` }
  }
  return { name, status: 'ok', detail: file.isThere ? file.path : `no file ${file.path}` }
}

/** Where nothing can be said of the library, as nobody knows where it is. */
export function failedSettings(error: Error): DoctorItem {
  return { name, status: 'fail', detail: error.message, advice: "mend it: 'bae config' shows what is set" }
}

function hasPassword(databaseUrl: string): boolean {
  if (!URL.canParse(databaseUrl)) return false
  const { password, searchParams } = new URL(databaseUrl)
  return password !== '' || searchParams.has('password')
}
