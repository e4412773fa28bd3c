import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type CreateTorrentOptions, createTorrentFile, parseTorrentFile } from '../../src/index.js'
import { createTestTorrent } from '../../src/testing/test-torrent.js'
import { openLoopbackSession, untilTrue } from './loopback-session.js'

const { bytes } = createTestTorrent('created', { totalLengthBytes: 100_000 })
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bae-create-'))
  await mkdir(join(folder, 'album', 'disc'), { recursive: true })
  await writeFile(join(folder, 'album', 'a.bin'), bytes)
  await writeFile(join(folder, 'album', 'disc', 'b.bin'), bytes.subarray(0, 40_000))
})

afterAll(() => rm(folder, { recursive: true }))

it.each([
  { format: 'v1', v1: true, v2: false },
  { format: 'v2', v1: false, v2: true },
  { format: 'hybrid', v1: true, v2: true },
] as const)('makes a $format torrent whose files pass a check', async ({ format, v1, v2 }) => {
  const torrentFile = await createTorrentFile(join(folder, 'album'), { format, pieceLengthBytes: 32 * 1024 })
  const { layout, metadata } = parseTorrentFile(torrentFile)
  const digest = (name: string) => createHash(name).update(metadata.infoSection).digest('hex')
  expect(layout.infoHashV1).toBe(v1 ? digest('sha1') : undefined)
  expect(layout.infoHashV2).toBe(v2 ? digest('sha256') : undefined)
  expect(layout.pieceLengthBytes).toBe(32 * 1024)
  const files = layout.files.filter((file) => file.kind === 'file')
  expect(files.map((file) => file.path.join('/'))).toEqual(['a.bin', 'disc/b.bin'])
  const roots = v2 ? [merkleRoot(bytes), merkleRoot(bytes.subarray(0, 40_000))] : [undefined, undefined]
  expect(files.map((file) => file.piecesRoot)).toEqual(roots)
  expect(layout.files.filter((file) => file.kind !== 'file' && 'piecesRoot' in file)).toEqual([])

  const session = await openLoopbackSession()
  const handle = await session.addTorrent({ torrentId: format, torrentFile, savePath: folder })
  await untilTrue('the files were found right', () => session.torrentStatus(handle).state === 'seeding')
})

it('knows the hash of each piece of a v2 torrent, and of a file that is less than one', async () => {
  const file = join(folder, 'album', 'a.bin')
  const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
  const leaf = (block: number) => sha256(bytes.subarray(block * 16_384, (block + 1) * 16_384))
  const metadataOf = async (pieceLengthBytes: number) =>
    parseTorrentFile(await createTorrentFile(file, { format: 'v2', pieceLengthBytes })).metadata

  // Seven blocks: the last piece has a missing leaf, which is zero.
  const pairs = [0, 2, 4].map((block) => sha256(leaf(block), leaf(block + 1)))
  const last = sha256(leaf(6), new Uint8Array(32))
  const pieces = await metadataOf(32 * 1024)
  expect(pieces.pieceHashesV1).toBeUndefined()
  expect(Buffer.from(pieces.pieceHashesV2 ?? []).toString('hex')).toBe(
    Buffer.concat([...pairs, last]).toString('hex'),
  )

  const [first = last, second = last, third = last] = pairs
  const root = sha256(sha256(first, second), sha256(third, last))
  const whole = await metadataOf(1024 * 1024)
  expect(Buffer.from(whole.pieceHashesV2 ?? []).toString('hex')).toBe(root.toString('hex'))
})

it.each(['v1', 'v2', 'hybrid'] as const)('knows that a %s torrent is of a single file', async (format) => {
  const options = { format, pieceLengthBytes: 64 * 1024 }
  const single = parseTorrentFile(await createTorrentFile(join(folder, 'album', 'a.bin'), options)).layout
  expect([single.singleFile, single.files[0]?.path]).toEqual([true, ['a.bin']])
  const disc = parseTorrentFile(await createTorrentFile(join(folder, 'album', 'disc'), options)).layout
  // To libtorrent a file that is alone in a v2 torrent has no folder, whatever the torrent is called.
  const [name, singleFile] = format === 'v2' ? ['b.bin', true] : ['disc', false]
  expect([disc.name, disc.singleFile, disc.files[0]?.path]).toEqual([name, singleFile, ['b.bin']])
})

it('writes trackers with tiers, web seeds, comment, creator, date and privacy', async () => {
  const torrentFile = await createTorrentFile(join(folder, 'album', 'a.bin'), {
    trackers: ['http://a/announce', { url: 'http://b/announce', tier: 1 }],
    webSeeds: ['http://web/'],
    comment: 'said',
    creator: 'test',
    createdAtMs: 1_700_000_000_000,
    isPrivate: true,
  })
  expect(parseTorrentFile(torrentFile)).toMatchObject({
    layout: { name: 'a.bin', singleFile: true },
    trackerEntries: [
      { url: 'http://a/announce', tier: 0 },
      { url: 'http://b/announce', tier: 1 },
    ],
    webSeeds: ['http://web/'],
    comment: 'said',
    creator: 'test',
    createdAtMs: 1_700_000_000_000,
    isPrivate: true,
  })
})

it('ends when its signal says so, with the reason of the signal', async () => {
  const large = join(folder, 'large')
  await writeFile(large, '')
  // Sparse: there is nothing to read, but hours to hash.
  await truncate(large, 2 ** 42)
  const controller = new AbortController()
  const reason = new Error('no longer wanted')
  const creating = createTorrentFile(large, { pieceLengthBytes: 2 ** 22, signal: controller.signal })
  controller.abort(reason)
  await expect(creating).rejects.toBe(reason)
  const timed = createTorrentFile(large, { pieceLengthBytes: 2 ** 22, signal: AbortSignal.timeout(200) })
  await expect(timed).rejects.toMatchObject({ name: 'TimeoutError' })
  const late = createTorrentFile(large, { signal: controller.signal })
  await expect(late).rejects.toBe(reason)
})

it('says what cannot be read', async () => {
  const creating = createTorrentFile(join(folder, 'nowhere'))
  await expect(creating).rejects.toMatchObject({
    code: 'NATIVE_IO',
    message: expect.stringContaining('nowhere'),
  })
})

it.each([
  { pieceLengthBytes: 20_000 },
  { pieceLengthBytes: 8192 },
  { pieceLengthBytes: 2 ** 31 },
  { pieceLengthBytes: Number.NaN },
  { format: 'v3' },
  { trackers: 'http://a' },
  { trackers: [7] },
  { comment: 7 },
  { isPrivate: 1 },
  { createdAtMs: -1 },
])('refuses %o', async (options) => {
  const creating = createTorrentFile(folder, options as CreateTorrentOptions)
  await expect(creating).rejects.toMatchObject({ code: 'NATIVE_INVALID_ARGUMENT' })
})

/** As BEP 52 says: 16 KiB leaves, zeroes for those that are missing. */
function merkleRoot(content: Uint8Array): string {
  const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
  let level: Uint8Array[] = []
  for (let at = 0; at < content.length; at += 16_384) level.push(sha256(content.subarray(at, at + 16_384)))
  while (Math.log2(level.length) % 1 !== 0) level.push(new Uint8Array(32))
  while (level.length > 1)
    level = level.flatMap((left, at) => (at % 2 === 0 ? [sha256(left, level[at + 1] ?? left)] : []))
  return Buffer.from(level[0] ?? new Uint8Array()).toString('hex')
}

it('tells how many pieces are hashed, and ends with all of them', async () => {
  const told: { hashedPieces: number; totalPieces: number }[] = []
  const torrentFile = await createTorrentFile(join(folder, 'album'), {
    pieceLengthBytes: 16 * 1024,
    onProgress: (progress) => void told.push(progress),
  })
  const { layout } = parseTorrentFile(torrentFile)
  const totalPieces = Math.ceil(layout.totalLengthBytes / layout.pieceLengthBytes)
  expect(told.at(-1)).toEqual({ hashedPieces: totalPieces, totalPieces })
})

it('lets the process exit, and a worker be terminated, while files are being read', async () => {
  const child = fileURLToPath(new URL('./create-torrent-child.mjs', import.meta.url))
  // Reading its zeroes would take a quarter of an hour.
  const file = join(folder, 'endless.bin')
  await writeFile(file, '')
  await truncate(file, 2 ** 40)
  const { status, signal } = spawnSync(process.execPath, [child, file], { timeout: 50_000 })
  expect({ status, signal }).toEqual({ status: 7, signal: null })
  const worker = new Worker(child, { argv: [file] })
  await once(worker, 'message')
  expect(await worker.terminate()).toBe(1)
})
