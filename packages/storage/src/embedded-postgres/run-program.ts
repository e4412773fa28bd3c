import { spawn } from 'node:child_process'

/** Who a program runs as; `undefined` is whoever runs this process. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

export interface ProgramResult {
  /** `undefined` when a signal ended it. */
  readonly exitCode: number | undefined
  /** What it wrote, of both streams, as far as a message needs it. */
  readonly output: string
}

export interface RunOptions {
  readonly user?: ServerUser | undefined
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

const maxOutputLength = 16_384

/** No variables of ours: PostgreSQL reads many, and answers are to be in English. */
export const programEnvironment = { PATH: '/usr/bin:/bin', LC_ALL: 'C' }

/**
 * Runs a program to its end, in a session of its own so that Ctrl-C in the terminal does not reach it.
 * Rejects where it cannot be started (ENOENT, EACCES, ...) and with the signal's reason.
 */
export function runProgram(
  file: string,
  parameters: readonly string[],
  options: RunOptions,
): Promise<ProgramResult> {
  options.signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const child = spawn(file, parameters, {
      cwd: '/',
      detached: true,
      env: programEnvironment,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options.user,
    })
    let output = ''
    const collect = (bytes: Buffer) => {
      output = (output + bytes.toString()).slice(-maxOutputLength)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    const kill = () => void child.kill('SIGKILL')
    const timer = setTimeout(kill, options.timeoutMs)
    options.signal?.addEventListener('abort', kill)
    const settle = (act: () => void) => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', kill)
      act()
    }
    child.on('error', (error) => settle(() => reject(error)))
    child.on('close', (exitCode) =>
      settle(() => {
        if (options.signal?.aborted === true) reject(options.signal.reason as Error)
        else resolve({ exitCode: exitCode ?? undefined, output: output.trim() })
      }),
    )
  })
}
