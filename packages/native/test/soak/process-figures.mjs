import { readdir, readFile, readlink } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** What must not grow. Read when nothing is open and the garbage is collected. */
export async function processFigures() {
  for (let turn = 0; turn < 5; turn++) {
    globalThis.gc()
    await delay(20)
  }
  const status = await readFile('/proc/self/status', 'ascii')
  const descriptors = await openDescriptors()
  const { external, heapUsed } = process.memoryUsage()
  return {
    descriptors: descriptors.length,
    descriptorKinds: kindsOf(descriptors),
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]),
    residentMiB: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024,
    externalMiB: external / 2 ** 20,
    heapMiB: heapUsed / 2 ** 20,
    resources: process.getActiveResourcesInfo().filter((name) => !/^(Timeout|PipeWrap|TTYWrap)$/.test(name))
      .length,
  }
}

/** Without the one that the question itself opens. */
async function openDescriptors() {
  const names = await readdir('/proc/self/fd')
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')))
  return targets.filter((target) => target !== '' && !target.endsWith('/fd'))
}

/** How many there are of each, without their numbers. */
function kindsOf(targets) {
  const kinds = {}
  for (const target of targets) {
    const kind = target.replace(/\[\d+\]$/, '')
    kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return kinds
}

/** Sentences about what grew from `before` to `after`; a little is the nature of heaps. */
export function growth(before, after) {
  const found = []
  for (const name of ['descriptors', 'threads', 'resources']) {
    if (after[name] > before[name]) found.push(`${name}: ${before[name]} became ${after[name]}`)
  }
  if (after.externalMiB > before.externalMiB + 8)
    found.push(`external memory: ${mib(before, after, 'externalMiB')}`)
  if (after.heapMiB > before.heapMiB + 16) found.push(`heap: ${mib(before, after, 'heapMiB')}`)
  if (after.residentMiB > before.residentMiB * 1.25 + 32) {
    found.push(`resident memory: ${mib(before, after, 'residentMiB')}`)
  }
  return found
}

function mib(before, after, name) {
  return `${before[name].toFixed(0)} MiB became ${after[name].toFixed(0)} MiB`
}
