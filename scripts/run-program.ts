import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Gets what the program prints on both outputs. */
  readonly logFile: string
  readonly limitMs: number
}

export interface ProgramResult {
  readonly ok: boolean
  readonly timedOut: boolean
  readonly durationMs: number
}

const killAfterMs = 10_000
const running = new Set<number>()

/** Runs a program in a process group of its own, so that at its limit its children end with it. */
export async function runProgram(program: Program): Promise<ProgramResult> {
  const startedAtMs = Date.now()
  const log = openSync(program.logFile, 'w')
  let timedOut = false
  try {
    const child = spawn(program.command, program.args, {
      cwd: program.cwd,
      env: { ...process.env, ...program.env },
      stdio: ['ignore', log, log],
      detached: true,
    })
    const ended = new Promise<boolean>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve(code === 0))
    })
    const pid = child.pid
    if (pid === undefined) return { ok: await ended, timedOut, durationMs: 0 }
    running.add(pid)
    const limit = setTimeout(() => {
      timedOut = true
      endGroup(pid)
    }, program.limitMs)
    const ok = await ended.finally(() => {
      clearTimeout(limit)
      running.delete(pid)
    })
    return { ok: ok && !timedOut, timedOut, durationMs: Date.now() - startedAtMs }
  } finally {
    closeSync(log)
  }
}

/** Ends the groups of all programs that still run: they are not in the terminal's group and hear no Ctrl-C. */
export function endPrograms(): void {
  for (const pid of running) signalGroup(pid, 'SIGKILL')
}

function endGroup(pid: number): void {
  signalGroup(pid, 'SIGTERM')
  setTimeout(() => signalGroup(pid, 'SIGKILL'), killAfterMs).unref()
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
