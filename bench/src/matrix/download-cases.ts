import { gibibyte, kibibyte, mebibyte } from 'bae-e2e/harness/sizes.js'
import type { TorrentShape } from '../bench-torrent.js'
import { DownloadSides } from '../download-sides.js'
import type { Measurement } from '../measured-run.js'
import type { Figures } from '../result-table.js'
import type { Goal, MatrixCase, Side } from './matrix-case.js'

const transferred = 'first to last byte, s'
const onDevice = 'first byte to on the device, s'
const cpu = 'CPU, s'
const resident = 'peak resident, MiB'
const server = 'database server, PSS, MiB'

const manyFiles = 2_000

/** Pieces, files, version, peers: the first is the one that a short run has. */
export function downloadCases(totalBytes: number): readonly MatrixCase[] {
  const cases: MatrixCase[] = []
  for (const pieceLengthBytes of [mebibyte, 256 * kibibyte, 4 * mebibyte, 16 * mebibyte]) {
    for (const files of [1, manyFiles]) {
      for (const format of ['v1', 'hybrid'] as const) {
        for (const peers of [1, 8]) {
          cases.push(downloadCase({ totalBytes, pieceLengthBytes, files, format }, peers))
        }
      }
    }
  }
  return [...cases, powerCase({ totalBytes, pieceLengthBytes: mebibyte, format: 'v1' })]
}

function downloadCase(shape: TorrentShape, peers: number, environment: NodeJS.ProcessEnv = {}): MatrixCase {
  return {
    row: 1,
    name: nameOf(shape, peers),
    baseline: 'mmap',
    control: 'libtorrent (python)',
    goals: downloadGoals(shape),
    async open(workshop) {
      const sides = await DownloadSides.open(workshop, shape, peers)
      return {
        sides: [
          { name: 'bae', measure: async () => figuresOf(await sides.bae(environment)) },
          { name: 'mmap', measure: async () => figuresOf(await sides.native('mmap')) },
          // No goal is against it: what it costs shows with one peer.
          ...(peers === 1
            ? [{ name: 'posix', measure: async () => figuresOf(await sides.native('posix')) }]
            : []),
          { name: 'libtorrent (python)', measure: async () => figuresOf(await sides.python()) },
        ],
        [Symbol.asyncDispose]: () => sides[Symbol.asyncDispose](),
      }
    },
  }
}

/** What survives a power cut: what lasts until data and records are on the device. */
function powerCase(shape: TorrentShape): MatrixCase {
  const usual = downloadCase(shape, 1, { BAE_DURABILITY: 'power' })
  return {
    ...usual,
    name: `${usual.name}, durability 'power'`,
    goals: [{ quantity: onDevice, of: 'ratio', atMost: 1 }],
  }
}

/** The same download, larger by so much: what a GiB costs must not change. */
export function growthCase(smallBytes: number, totalBytes: number): MatrixCase {
  const shapeOf = (bytes: number) =>
    ({ totalBytes: bytes, pieceLengthBytes: mebibyte, format: 'v1' }) as const satisfies TorrentShape
  return {
    row: 6,
    name: `download, a GiB of ${sizeText(totalBytes)} against one of ${sizeText(smallBytes)}`,
    baseline: sizeText(smallBytes),
    goals: [
      ...[transferred, cpu].map((quantity): Goal => ({ quantity, of: 'ratio', atMost: 1.1 })),
      { quantity: resident, of: 'figure', atMost: 256 },
    ],
    async open(workshop) {
      // The seeds of each are there for its own rounds only.
      const side = (name: string, bytes: number): Side => ({
        name,
        async measure() {
          await using sides = await DownloadSides.open(workshop, shapeOf(bytes), 1)
          return ofAGibibyte(figuresOf(await sides.bae()), bytes)
        },
      })
      return {
        sides: [side(`bae, ${sizeText(totalBytes)}`, totalBytes), side(sizeText(smallBytes), smallBytes)],
        async [Symbol.asyncDispose]() {},
      }
    },
  }
}

function downloadGoals({ pieceLengthBytes, files, format }: TorrentShape): readonly Goal[] {
  const isUsual = pieceLengthBytes === mebibyte && files === 1
  return [
    { quantity: transferred, of: 'ratio', atMost: isUsual ? 0.8 : 1 },
    { quantity: cpu, of: 'ratio', atMost: format === 'v1' ? 0.95 : 0.75 },
    { quantity: resident, of: 'figure', atMost: 256 },
    { quantity: server, of: 'figure', atMost: 80 },
  ]
}

function figuresOf(measured: Measurement): Figures {
  const hasServer = measured.peakServerBytes > 0
  return {
    [transferred]: measured.transferSeconds,
    [onDevice]: measured.deviceSeconds,
    [cpu]: measured.cpuSeconds,
    [resident]: measured.peakServiceBytes / mebibyte,
    ...(hasServer && { [server]: measured.peakServerBytes / mebibyte }),
  }
}

/** Seconds only: memory should be the same for any size. */
function ofAGibibyte(figures: Figures, totalBytes: number): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([quantity, figure]) => [
      quantity,
      quantity.endsWith(', s') ? (figure * gibibyte) / totalBytes : figure,
    ]),
  )
}

function nameOf({ totalBytes, pieceLengthBytes, files = 1, format }: TorrentShape, peers: number): string {
  const content = files === 1 ? 'one file' : `${files} files`
  const from = peers === 1 ? '1 peer' : `${peers} peers`
  return `${sizeText(totalBytes)}, ${content}, ${format}, pieces of ${sizeText(pieceLengthBytes)}, ${from}`
}

export function sizeText(bytes: number): string {
  if (bytes >= gibibyte) return `${bytes / gibibyte} GiB`
  return bytes >= mebibyte ? `${bytes / mebibyte} MiB` : `${bytes / kibibyte} KiB`
}
