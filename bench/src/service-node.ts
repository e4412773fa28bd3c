// service-node download TORRENT FOLDER: the import service with one import; it says, and is told, what client-node is.
// service-node fill|seeds COUNT FOLDER: makes a library of so many complete torrents without bytes, or seeds all of them and
// says as JSON how long that took and what they cost then.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { readConfig, resolveSource } from '@bae/import-service'
import { openEmbeddedPostgres } from '@bae/storage/embedded-postgres'
import { loadComposition } from 'bae-e2e/harness/load-composition.js'
import { fillSeeds } from './fill-seeds.js'
import { beginPhase } from './phase-clock.js'
import type { SeedsFigures } from './seeds-figures.js'
import { serverCpuSeconds } from './server-usage.js'

const [role = '', what = '', folder = ''] = process.argv.slice(2)
const settleMs = 12_000
const idleMs = 8_000
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

const composition = await loadComposition()
const directory = join(folder, 'library')
const environment = {
  BAE_CONFIG: '/dev/null',
  BAE_LIBRARY: directory,
  BAE_LISTEN: '127.0.0.1:0',
  ...(role === 'seeds' && { BAE_ACTIVE_SEEDS: what }),
}
let port = 0
const ignore = () => {}
const info = (fields: object) => {
  if ('port' in fields) port = Number(fields.port)
}
const service = await composition.openForImport(await readConfig({}, { environment }), {
  logger: { debug: ignore, info, warn: ignore, error: ignore },
})
// The service has started it, and has it as long as this does.
const server = await openEmbeddedPostgres({ directory })

async function download(): Promise<void> {
  await service.start()
  const { id } = await service.submit(await resolveSource(composition, what))
  say({ address: `127.0.0.1:${port}` })
  const completed = whenComplete(id)
  for await (const line of createInterface(process.stdin)) {
    if (line === 'end') break
    say({ usage: await serverCpuSeconds(server) })
  }
  process.stdin.destroy()
  await completed
}

async function whenComplete(id: string): Promise<void> {
  for await (const { state } of service.follow(id)) if (state === 'completed') say({ complete: true })
}

/** Of which the client knows that all of it is there. */
function countOpen(): number {
  return service.running().filter(({ pieces, totalPieces }) => pieces === totalPieces).length
}

/** Looking at ten thousand takes a while, so it is done a twentieth of the time at most. */
async function allOpen(count: number): Promise<void> {
  for (;;) {
    const lookedAtMs = performance.now()
    if (countOpen() >= count) return
    await setTimeout(Math.max(50, 20 * (performance.now() - lookedAtMs)))
  }
}

async function seeds(): Promise<SeedsFigures> {
  await service.start()
  const startedMs = performance.now()
  await allOpen(Number(what))
  const seedingMs = performance.now()
  const { user, system } = process.cpuUsage()
  const startCpuSeconds = (user + system) / 1e6 + (await serverCpuSeconds(server))
  // What the start leaves to be done is not what an idle service does: the last is to close connections to the database.
  await setTimeout(settleMs)
  const end = await beginPhase(() => serverCpuSeconds(server))
  await setTimeout(idleMs)
  const { seconds, cpuSeconds } = await end()
  const idleCpuPercent = (cpuSeconds / seconds) * 100
  const residentBytes = process.memoryUsage().rss
  const peakBytes = process.resourceUsage().maxRSS * 1024
  return { startedMs, seedingMs, startCpuSeconds, idleCpuPercent, residentBytes, peakBytes }
}

if (role === 'download') await download()
else if (role === 'fill') {
  const { id } = JSON.parse(await readFile(join(directory, 'library.json'), 'utf8')) as { id: string }
  say({ filled: await fillSeeds({ url: server.url, schema: `bae_${id}` }, Number(what)) })
} else say(await seeds())
await service.close()
await server.close()
