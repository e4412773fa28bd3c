import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { DirectoryChunkStore } from '../src/chunk-store/directory-chunk-store.js'
import type { StagedChunk } from '../src/chunk-store.js'
import { patternBytes } from '../src/compliance/bytes.js'
import { collect } from '../src/compliance/expectations.js'
import type { TorrentId } from '../src/torrent-layout.js'
import { temporaryDirectory } from './temporary-directory.js'

const torrentId = '0199c0de-0000-7000-8000-000000000001' as TorrentId
const bytes = patternBytes(1, 50_000)

function of(fence: number, chunk = 0): StagedChunk {
  return { torrentId, fileIndex: 0, chunk, fence }
}

/** A number that a process had, and none has now. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'exit')
  return child.pid ?? 0
}

/** One chunk is staged with fence 1, by a process that `change` makes of this one's name. */
async function stagedBy(change: (owner: readonly string[]) => readonly (string | number)[]) {
  const directory = await temporaryDirectory()
  await using store = await DirectoryChunkStore.open(directory)
  await store.staging.write(of(1), 0, bytes)
  const folder = join(directory, 'staging', torrentId)
  const [name = ''] = await readdir(folder)
  const [place = '', ...owner] = name.split('.')
  const path = join(folder, [place, ...change(owner)].join('.'))
  await rename(join(folder, name), path)
  return { directory, folder, path }
}

/** Whether the file that the next writer has afterwards is the same one. */
async function isSameAfterTakeOver({ directory, folder, path }: Awaited<ReturnType<typeof stagedBy>>) {
  await using store = await DirectoryChunkStore.open(directory)
  const { ino } = await stat(path)
  await store.staging.takeOver(torrentId, { fence: 2 })
  expect(await store.staging.read(of(2), { offset: 0, length: bytes.length })).toEqual(bytes)
  const [name = '', ...more] = await readdir(folder)
  expect(more).toEqual([])
  expect(await readdir(join(directory, 'temp'))).toEqual([])
  return (await stat(join(folder, name))).ino === ino
}

it('the file of a dead process is taken as it is', async () => {
  const pid = await deadPid()
  const staged = await stagedBy(([processes = '', , start = '']) => [processes, pid, start])
  expect(await isSameAfterTakeOver(staged)).toBe(true)
})

it('the file of a living process, or of one that cannot be known, is copied', async () => {
  expect(await isSameAfterTakeOver(await stagedBy((owner) => owner))).toBe(false)
  const ofAnotherBoot = await stagedBy(([processes, pid = '', start = '']) => [`0${processes}`, pid, start])
  expect(await isSameAfterTakeOver(ofAnotherBoot)).toBe(false)
  expect(await isSameAfterTakeOver(await stagedBy(() => []))).toBe(false)
})

it('who goes on writing a file that was taken over writes it for nobody', async () => {
  const { directory, path } = await stagedBy((owner) => owner)
  await using store = await DirectoryChunkStore.open(directory)
  await using late = await open(path, 'r+')
  await store.staging.takeOver(torrentId, { fence: 2 })
  await late.write(new Uint8Array(bytes.length).fill(0xee), 0, bytes.length, 0)
  expect(await store.staging.read(of(2), { offset: 0, length: bytes.length })).toEqual(bytes)
})

it('of two that take over at once the newer one has all of it', async () => {
  const directory = await temporaryDirectory()
  await using store = await DirectoryChunkStore.open(directory)
  const chunks = [...Array(40).keys()]
  for (const chunk of chunks) await store.staging.write(of(1, chunk), 0, patternBytes(chunk, 1_000))
  const { staging } = store
  await Promise.all([2, 3].map((fence) => staging.takeOver(torrentId, { fence })))
  for (const chunk of chunks) {
    const found = await staging.read(of(3, chunk), { offset: 0, length: 1_000 })
    expect(found).toEqual(patternBytes(chunk, 1_000))
  }
  await staging.takeOver(torrentId, { fence: 4 })
  expect((await collect(staging.list(torrentId))).every(({ fence }) => fence === 4)).toBe(true)
})

it('the same writer in another process has what it had', async () => {
  const { directory, path } = await stagedBy(([processes = '', pid = '', start]) => [
    processes,
    pid,
    `${start}1`,
  ])
  await using store = await DirectoryChunkStore.open(directory)
  await store.staging.takeOver(torrentId, { fence: 1 })
  expect(await store.staging.read(of(1), { offset: 0, length: bytes.length })).toEqual(bytes)
  await expect(readFile(path)).rejects.toThrow('ENOENT')
})

it('a folder that has nothing staged any more is not kept, and one that has is', async () => {
  const { directory, folder } = await stagedBy((owner) => owner)
  await using store = await DirectoryChunkStore.open(directory)
  await store.staging.write(of(2), 0, bytes)
  await store.staging.discardAll(torrentId, { fence: 1 })
  expect((await readdir(folder)).length).toBe(1)
  await store.staging.discardAll(torrentId, { fence: 2 })
  await expect(readdir(folder)).rejects.toThrow('ENOENT')
  await rm(folder, { recursive: true, force: true })
  await store.staging.discardAll(torrentId, { fence: 2 })
})
