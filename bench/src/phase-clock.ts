import { performance } from 'node:perf_hooks'

export interface Phase {
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Begins a phase: answers how long it took, and the CPU of this process and of the others, when it is asked. */
export async function beginPhase(otherCpuSeconds: () => Promise<number>): Promise<() => Promise<Phase>> {
  const otherBefore = await otherCpuSeconds()
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  return async () => {
    const seconds = (performance.now() - startMs) / 1000
    const { user, system } = process.cpuUsage(cpuBefore)
    const other = (await otherCpuSeconds()) - otherBefore
    return { seconds, cpuSeconds: (user + system) / 1e6 + other }
  }
}
