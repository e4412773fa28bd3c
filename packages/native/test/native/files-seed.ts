import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNativeSession } from '../../src/index.js'
import type { TestSeed } from '../../src/testing/native-subject.js'
import type { TestTorrent } from '../../src/testing/test-torrent.js'

export const LOOPBACK_SETTINGS = {
  enable_dht: false,
  enable_lsd: false,
  enable_upnp: false,
  enable_natpmp: false,
  allow_multiple_connections_per_ip: true,
  // A machine that is busy for some seconds loses a uTP connection, and who was lost is dialled again two minutes later.
  enable_outgoing_utp: false,
  min_reconnect_time: 1,
} as const

/** A second session that seeds the torrent from a file, with libtorrent's own disk storage: ready for peers. */
export async function seedFromFile(torrent: TestTorrent): Promise<TestSeed> {
  const folder = await mkdtemp(join(tmpdir(), 'bae-seed-'))
  if (torrent.files) await mkdir(join(folder, torrent.name))
  const whole = { name: '.', offsetBytes: 0, lengthBytes: torrent.bytes.length, isPadding: false }
  for (const file of torrent.files ?? [whole]) {
    if (file.isPadding) continue
    const bytes = torrent.bytes.subarray(file.offsetBytes, file.offsetBytes + file.lengthBytes)
    await writeFile(join(folder, torrent.name, file.name), bytes)
  }
  let noteReady = (): void => {}
  const isReady = new Promise<void>((resolve) => {
    noteReady = resolve
  })
  const session = await createNativeSession({
    onAlert: ({ type }) => type === 'torrentChecked' && noteReady(),
    listenInterfaces: '127.0.0.1:0',
    settings: LOOPBACK_SETTINGS,
  })
  await session.addTorrent({
    torrentId: torrent.name,
    torrentFile: torrent.torrentFile,
    savePath: folder,
    seedMode: true,
  })
  // Until then it hangs up on whoever comes, who then comes again a minute later.
  await isReady
  return {
    host: '127.0.0.1',
    port: session.listenPort,
    async close() {
      await session.close()
      await rm(folder, { recursive: true })
    },
  }
}
