// Adds so many torrents to a client, says so, and stays: for tests that end it the hard way.
// node many-torrents.js FOLDER COUNT
import { pathToFileURL } from 'node:url'
import { DirectoryResumeStore, TorrentClient } from '@bae/client'
import { createTestTorrent, MapLibrary } from '@bae/client/testing'

/** Alone on this machine. */
export const quietNetwork = {
  listenInterfaces: '127.0.0.1:0',
  enableDht: false,
  enableLsd: false,
  enableUpnp: false,
  enableNatPmp: false,
}

export function manyTorrentFiles(count: number): readonly Uint8Array[] {
  return Array.from(
    { length: count },
    (_, number) =>
      createTestTorrent({ name: `number ${number}`, files: { [`${number}.bin`]: 1 } }).torrentFile,
  )
}

export async function openManyClient(folder: string) {
  const library = new MapLibrary()
  const resumeStore = await DirectoryResumeStore.open(folder)
  const client = new TorrentClient({ createStorage: library.createStorage, resumeStore }, quietNetwork)
  await client.start()
  return { client, library }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [folder = '', count = ''] = process.argv.slice(2)
  const { client } = await openManyClient(folder)
  const torrents = await Promise.all(manyTorrentFiles(Number(count)).map((file) => client.add(file)))
  process.stdout.write(`${JSON.stringify(torrents.map(({ id }) => id))}\n`)
}
