// many-client add|open|restore|announce PLAN: a client with many torrents, and what each of them costs, as JSON.
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { DirectoryResumeStore, TorrentClient } from '@bae/client'
import { forEachAtOnce } from './at-once.js'
import { openBenchLibrary } from './bench-library.js'
import {
  type ManyFigures,
  type ManyPlan,
  manyTorrentFiles,
  quietNetwork,
  type StepCost,
} from './many-torrents.js'
import { beginPhase } from './phase-clock.js'

const [role = '', json = ''] = process.argv.slice(2)
const plan = JSON.parse(json) as ManyPlan
/** As many as `restore` has on their way. */
const atOnce = 32
const settleMs = 12_000
const idleMs = 8_000

const residentKibibytes = () => process.memoryUsage().rss / 1024

/** What each item of a step cost, row by row. */
async function stepCosts<T>(
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
): Promise<readonly StepCost[]> {
  const costs: StepCost[] = []
  for (let from = 0; from < items.length; from += plan.step) {
    const step = items.slice(from, from + plan.step)
    const [startMs, before] = [performance.now(), residentKibibytes()]
    await forEachAtOnce(step, atOnce, async (item) => void (await work(item)))
    costs.push({
      ms: (performance.now() - startMs) / step.length,
      kibibytes: (residentKibibytes() - before) / step.length,
    })
  }
  return costs
}

/** The same of a restore, which is one call: seen from beside it. */
async function restoreCosts(client: TorrentClient): Promise<readonly StepCost[]> {
  const costs: StepCost[] = []
  let [startMs, before, from] = [performance.now(), residentKibibytes(), 0]
  const look = (isLast = false) => {
    const count = client.list().length
    if (count === from || (count - from < plan.step && !isLast)) return
    const ms = (performance.now() - startMs) / (count - from)
    costs.push({ ms, kibibytes: (residentKibibytes() - before) / (count - from) })
    ;[startMs, before, from] = [performance.now(), residentKibibytes(), count]
  }
  // Looking at ten thousand takes longer than what happens between two looks.
  const timer = plan.step < plan.torrents ? setInterval(look, 2, false) : undefined
  const { torrents, failures } = await client.restore()
  clearInterval(timer)
  look(true)
  if (failures.length > 0) throw failures[0]?.error
  if (torrents.length !== plan.torrents) throw new Error(`${torrents.length} torrents came back`)
  return costs
}

async function idleCpuPercent(): Promise<number> {
  const end = await beginPhase(async () => (await library?.serverCpuSeconds()) ?? 0)
  await new Promise((resolve) => setTimeout(resolve, idleMs))
  const { seconds, cpuSeconds } = await end()
  return (cpuSeconds / seconds) * 100
}

async function measure(client: TorrentClient): Promise<ManyFigures> {
  if (role === 'add') {
    const add = await stepCosts([...manyTorrentFiles(plan)], (torrentFile) => client.add(torrentFile))
    const pause = await stepCosts(client.list(), async (torrent) => torrent.pause())
    const resume = await stepCosts(client.list(), async (torrent) => torrent.resume())
    return { steps: { add, pause, resume } }
  }
  const restore = await restoreCosts(client)
  const openMs = performance.now()
  if (role === 'announce') return { steps: { restore } }
  // What the restore leaves to be done is not what an idle client does: the last is to close connections to the database.
  await new Promise((resolve) => setTimeout(resolve, settleMs))
  const idle = await idleCpuPercent()
  if (role === 'open') return { steps: { restore }, openMs, idleCpuPercent: idle }
  const remove = await stepCosts(client.list(), ({ id }) => client.remove(id, { deleteData: true }))
  return { steps: { restore, remove }, idleCpuPercent: idle }
}

const library = plan.storage === 'library' ? await openBenchLibrary(plan.folder) : undefined
const resumeStore = await DirectoryResumeStore.open(join(plan.folder, 'resume'))
const client = new TorrentClient(
  { resumeStore, ...(library && { createStorage: library.createStorage }) },
  { listenInterfaces: '127.0.0.1:0', settings: quietNetwork, savePath: join(plan.folder, 'files') },
)
await client.start()
process.stdout.write(`${JSON.stringify(await measure(client))}\n`)
// The one who counts announces says when it is enough.
if (role === 'announce') await new Promise((resolve) => process.stdin.once('data', resolve))
await client.close()
await library?.[Symbol.asyncDispose]()
process.stdin.unref()
