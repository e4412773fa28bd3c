import { readFile, readlink } from 'node:fs/promises'
import { readBootId } from '../boot-id.js'
import { absentAsUndefined } from './absent-as-undefined.js'

/** The process that writes a file, as names of files say it: `<processes>.<pid>.<start>`. */
export interface FileOwner {
  /** Processes that see each other by the same numbers: one boot, and one namespace in it. */
  readonly processes: string
  readonly pid: number
  /** When it began: its number may be given to another one later. */
  readonly start: string
}

/** This process; `undefined` where the system does not tell. */
export async function readOwner(): Promise<FileOwner | undefined> {
  const bootId = await readBootId()
  const namespace = await readlink('/proc/self/ns/pid').catch(() => undefined)
  const start = await readStart(String(process.pid)).catch(() => undefined)
  if (bootId === undefined || namespace === undefined || start === undefined) return undefined
  const processes = `${bootId}-${namespace.replace(/\D/g, '')}`
  return { processes, pid: process.pid, start }
}

export function ownerName({ processes, pid, start }: FileOwner): string {
  return `${processes}.${pid}.${start}`
}

/** `name` as `ownerName` makes it, of any process. `own` is asking: it can tell of those that it sees. */
export async function stateOfOwner(
  name: string,
  own: FileOwner | undefined,
): Promise<'alive' | 'dead' | 'unknown'> {
  const [processes, pid, start] = name.split('.')
  if (start === undefined || processes !== own?.processes) return 'unknown'
  return (await readStart(pid ?? '')) === start ? 'alive' : 'dead'
}

/** The 22nd value of the process's state; the second is its name in brackets, which may hold anything. */
async function readStart(pid: string): Promise<string | undefined> {
  const state = await absentAsUndefined(readFile(`/proc/${pid}/stat`, 'latin1'))
  return state?.slice(state.lastIndexOf(')') + 2).split(' ')[19]
}
