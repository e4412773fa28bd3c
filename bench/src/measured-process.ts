import { join } from 'node:path'
import { ChildProgram } from 'bae-e2e/harness/child-program.js'
import { MemoryWatch, processTree } from 'bae-e2e/harness/memory-watch.js'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { systemPython } from 'bae-e2e/harness/torrent-maker.js'
import { serverProcessesAmong } from './server-usage.js'
import { ServerWatch } from './server-watch.js'

const runLimitMs = 300_000

/** One run of a program, measured from outside: nothing here is told by the program that is measured. */
export interface ProcessFigures {
  /** From the start of the process to its end. */
  readonly processSeconds: number
  /** User and system time of all its processes, as the kernel counted it. */
  readonly cpuSeconds: number
  /** Largest sum of VmHWM of all its processes at any moment. */
  readonly peakResidentBytes: number
  /** The same without those of a database server. */
  readonly peakServiceBytes: number
  /** Largest sum of the proportional memory of a database server's processes; 0 where there is none. */
  readonly peakServerBytes: number
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
  const started = async () => (await processTree(wrapper.pid)).filter((pid) => pid !== wrapper.pid)
  let pids: readonly number[] = []
  await using watch = new MemoryWatch({
    all: async () => {
      pids = await started()
      return pids
    },
    // Looked at after the first, each time.
    service: async () => {
      const servers = new Set(await serverProcessesAmong(pids))
      return pids.filter((pid) => !servers.has(pid))
    },
  })
  await using serverWatch = new ServerWatch(started)
  const usageLine = wrapper.nextLine(runLimitMs)
  const [seen, line] = await Promise.all([during(wrapper), usageLine])
  await watch.stop()
  const usage = JSON.parse(line) as Usage
  if (usage.code !== 0) throw new Error(`${command.join(' ')} exited ${usage.code}: ${wrapper.stderr}`)
  const figures = {
    processSeconds: usage.processSeconds,
    cpuSeconds: usage.userSeconds + usage.systemSeconds,
    peakResidentBytes: watch.peakBytes('all'),
    peakServiceBytes: watch.peakBytes('service'),
    peakServerBytes: serverWatch.peakBytes,
  }
  return { figures, seen }
}
