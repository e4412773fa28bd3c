import { join } from 'node:path'
import { ChildProgram } from 'bae-e2e/harness/child-program.js'
import { MemoryWatch, processTree } from 'bae-e2e/harness/memory-watch.js'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { systemPython } from 'bae-e2e/harness/torrent-maker.js'

const runLimitMs = 300_000

/** One run of a program, measured from outside: nothing here is told by the program that is measured. */
export interface ProcessFigures {
  /** From the start of the process to its end. */
  readonly processSeconds: number
  /** User and system time of all its processes, as the kernel counted it. */
  readonly cpuSeconds: number
  /** Largest sum of VmHWM of all its processes at any moment. */
  readonly peakResidentBytes: number
}

interface Usage {
  readonly code: number
  readonly processSeconds: number
  readonly userSeconds: number
  readonly systemSeconds: number
}

/** Runs `command`, which must end with 0, and `during` beside it. */
export async function measureProcess<T>(
  command: readonly string[],
  during: (program: ChildProgram) => Promise<T>,
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly figures: ProcessFigures; readonly seen: T }> {
  const script = join(repositoryRoot, 'bench/python/measure.py')
  await using wrapper = new ChildProgram(systemPython, [script, ...command], {
    env: { ...process.env, ...env },
  })
  await using watch = new MemoryWatch({
    all: async () => (await processTree(wrapper.pid)).filter((pid) => pid !== wrapper.pid),
  })
  const usageLine = wrapper.nextLine(runLimitMs)
  const [seen, line] = await Promise.all([during(wrapper), usageLine])
  await watch.stop()
  const usage = JSON.parse(line) as Usage
  if (usage.code !== 0) throw new Error(`${command.join(' ')} exited ${usage.code}: ${wrapper.stderr}`)
  const figures = {
    processSeconds: usage.processSeconds,
    cpuSeconds: usage.userSeconds + usage.systemSeconds,
    peakResidentBytes: watch.peakBytes('all'),
  }
  return { figures, seen }
}
