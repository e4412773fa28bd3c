import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Gets what the program prints on both outputs; without it they are this process's own. */
  readonly logFile?: string
  readonly limitMs: number
}

export interface ProgramResult {
  readonly ok: boolean
  readonly timedOut: boolean
  readonly durationMs: number
}

const killAfterMs = 10_000
const running = new Map<number, Promise<unknown>>()

/** Runs a program in a process group of its own, so that at its limit its children end with it. */
export async function runProgram(program: Program): Promise<ProgramResult> {
  const startedAtMs = Date.now()
  const log = program.logFile === undefined ? undefined : openSync(program.logFile, 'w')
  const limit = new AbortController()
  try {
    const { pid, ended } = startProgram(program, log)
    const timedOut = wait(program.limitMs, true, { signal: limit.signal }).catch(() => false)
    const isOver = await Promise.race([ended.then(() => false), timedOut])
    if (isOver) await endPrograms([pid])
    return { ok: (await ended) && !isOver, timedOut: isOver, durationMs: Date.now() - startedAtMs }
  } finally {
    limit.abort()
    if (log !== undefined) closeSync(log)
  }
}

interface Started {
  /** Of the process and its group; undefined when it could not be started, which `ended` tells. */
  readonly pid: number | undefined
  /** Settles with whether the program ended with exit code 0. */
  readonly ended: Promise<boolean>
}

function startProgram(program: Program, log: number | undefined): Started {
  const output = log ?? 'inherit'
  const child = spawn(program.command, program.args, {
    cwd: program.cwd,
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1', ...program.env },
    stdio: ['ignore', output, output],
    detached: true,
  })
  const ended = new Promise<boolean>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code === 0))
  })
  const { pid } = child
  if (pid === undefined) return { pid, ended }
  const listed = ended.finally(() => running.delete(pid))
  running.set(pid, listed)
  return { pid, ended: listed }
}

/** Ends what still runs (of these), with its children, who are not in the terminal's group and hear no Ctrl-C. */
export async function endPrograms(
  pids: readonly (number | undefined)[] = [...running.keys()],
): Promise<void> {
  const programs = [...running].filter(([pid]) => pids.includes(pid))
  for (const [pid] of programs) signalGroup(pid, 'SIGTERM')
  const timer = new AbortController()
  const patience = wait(killAfterMs, undefined, { signal: timer.signal }).catch(() => undefined)
  await Promise.race([Promise.allSettled(programs.map(([, ended]) => ended)), patience])
  timer.abort()
  for (const [pid] of programs) signalGroup(pid, 'SIGKILL')
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
