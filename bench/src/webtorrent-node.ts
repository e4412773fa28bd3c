// webtorrent-node MODULES TORRENT FOLDER: WebTorrent with one torrent, as client-node.ts. MODULES is a folder in which
// webtorrent was installed without its install scripts (README): what it has of WebRTC needs a binary and is not asked here.
import { mkdir } from 'node:fs/promises'
import { register } from 'node:module'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

interface WebTorrentFile {
  [Symbol.asyncIterator](range: { readonly start: number; readonly end: number }): AsyncIterable<Uint8Array>
}

interface WebTorrentTorrent {
  readonly files: readonly WebTorrentFile[]
  once(event: 'done' | 'ready', listener: () => void): void
}

type WebTorrentClient = new (
  options: object,
) => {
  add(torrentPath: string, options: object): WebTorrentTorrent
  readonly torrentPort: number
  destroy(done: () => void): void
}

const withoutWebRtc = `
const stub = 'data:text/javascript,' + ['RTCPeerConnection', 'RTCSessionDescription', 'RTCIceCandidate', 'RTCDataChannel',
  'MediaStream', 'MediaStreamTrack'].map((name) => 'export class ' + name + ' {}').join(';') + ';export default {}'
export const resolve = (name, context, next) =>
  name === 'webrtc-polyfill' ? { url: stub, shortCircuit: true } : next(name, context)`
register(`data:text/javascript,${encodeURIComponent(withoutWebRtc)}`)

const [modules = '', torrentPath = '', folder = ''] = process.argv.slice(2)
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const path = join(folder, 'content')
await mkdir(path, { recursive: true })
const entry = pathToFileURL(join(modules, 'node_modules/webtorrent/index.js')).href
const { default: WebTorrent } = (await import(entry)) as { readonly default: WebTorrentClient }
const quiet = {
  dht: false,
  lsd: false,
  tracker: false,
  utPex: false,
  utp: false,
  natUpnp: false,
  natPmp: false,
}
const client = new WebTorrent(quiet)
const torrent = client.add(torrentPath, { path })
torrent.once('done', () => say({ complete: true }))
await new Promise<void>((resolve) => torrent.once('ready', resolve))
say({ address: `127.0.0.1:${client.torrentPort}` })

for await (const line of createInterface(process.stdin)) {
  if (line === 'end') break
  const startMs = performance.now()
  const range = { start: Number(line), end: Number(line) }
  for await (const _ of torrent.files[0]?.[Symbol.asyncIterator](range) ?? []) {
    say({ ms: performance.now() - startMs })
  }
}
process.stdin.destroy()
await new Promise<void>((resolve) => client.destroy(resolve))
