import { spawnSync } from 'node:child_process'
import type { TestContext } from 'vitest'
import { systemPython } from './torrent-maker.js'

const probes = {
  aria2: ['aria2c', '--version'],
  'qbittorrent-nox': ['qbittorrent-nox', '--version'],
  rtorrent: ['rtorrent', '-h'],
  'transmission-daemon': ['transmission-daemon', '--version'],
  opentracker: ['opentracker', '-h'],
  faketime: ['faketime', '-v'],
  'exfat-fuse': ['sh', '-c', 'command -v mount.exfat-fuse && command -v mkfs.exfat'],
  'btrfs-progs': ['mkfs.btrfs', '--version'],
  'python3-libtorrent': [systemPython, '-c', 'import libtorrent'],
} as const

export type ForeignProgram = keyof typeof probes

const answers = new Map<ForeignProgram, boolean>()

export function hasProgram(program: ForeignProgram): boolean {
  const known = answers.get(program)
  if (known !== undefined) return known
  const [command, ...args] = probes[program]
  const found = spawnSync(command, args, { stdio: 'ignore' }).status === 0
  answers.set(program, found)
  return found
}

/** Skips the test, by name of what is missing, on a machine without the programs that it needs. */
export function needs(context: TestContext, ...programs: readonly ForeignProgram[]): void {
  for (const program of programs) context.skip(!hasProgram(program), `needs ${program}`)
}
