// How fast is the whole client, with a library and with libtorrent's own disk storage, beside other clients?
// node dist/clients.js [--rounds 3] [--mebibytes 512] [--clients files,aria2,...] [--webtorrent FOLDER]
// FOLDER: where `npm install --ignore-scripts webtorrent` was run. What is not installed is left out.
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { hasProgram } from 'bae-e2e/harness/foreign-program.js'
import { foreignPeerPrograms } from 'bae-e2e/harness/peers/foreign-peers.js'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { isForeign, measureClientDownload, measureClientSeeding } from './client-runs.js'
import { flushPageCache } from './page-cache.js'
import { type Figures, formatTable, type Round, resultRows } from './result-table.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    mebibytes: { type: 'string', default: '512' },
    clients: { type: 'string', default: ['files', 'webtorrent', ...foreignPeerPrograms].join() },
    webtorrent: { type: 'string' },
  },
})
const totalBytes = Number(values.mebibytes) * mebibyte

await using workshop = new Workshop()
const torrent = await workshop.fileTorrent(totalBytes, mebibyte)

async function measure(client: string): Promise<Figures> {
  const folder = await mkdtemp(join(await workshop.folder, `${client} `))
  flushPageCache()
  const { webtorrent } = values
  const run = { client, torrent, folder, ...(webtorrent !== undefined && { webtorrent }) }
  const download = await measureClientDownload(run)
  return { ...download, ...(await measureClientSeeding(run)) }
}

const isThere = (client: string) =>
  client === 'webtorrent' ? values.webtorrent !== undefined : !isForeign(client) || hasProgram(client)
const others = values.clients.split(',').filter(isThere)
const rounds = new Map<string, Round[]>(others.map((client) => [client, []]))
for (let number = 1; number <= Number(values.rounds); number++) {
  const ours = await measure('library')
  for (const client of others) {
    rounds.get(client)?.push({ ours, theirs: await measure(client) })
    process.stderr.write(`round ${number} of ${values.rounds}: ${client}\n`)
  }
}
for (const [client, measured] of rounds) {
  process.stdout.write(`\n${formatTable(resultRows(measured), { ours: 'bae, library', theirs: client })}\n`)
}
const rows = Object.fromEntries([...rounds].map(([client, measured]) => [client, resultRows(measured)]))
await writeResult('clients', { totalBytes, rows, rounds: Object.fromEntries(rounds) })
