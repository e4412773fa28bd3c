import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { readOwner } from '../src/chunk-store/file-owner.js'
import { TemporaryFiles } from '../src/chunk-store/temporary-files.js'
import { collect } from '../src/compliance/expectations.js'
import { temporaryDirectory } from './temporary-directory.js'

const anHourAgo = new Date(Date.now() - 3_700_000)

/** A number that a process had, and none has now. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'exit')
  return child.pid ?? 0
}

it('what dead processes were about to put goes at once, what is of nobody known goes after an hour', async () => {
  const directory = await temporaryDirectory()
  const ours = basename((await TemporaryFiles.open(directory, await readOwner())).newPath())
  const [processes, pid, start, id] = ours.split('.')
  const anotherBoot = [`0${processes}`, pid, start, id].join('.')
  const dead = [processes, await deadPid(), start, id].join('.')
  const sameNumber = [processes, pid, `${start}1`, id].join('.')
  const names = [ours, anotherBoot, dead, sameNumber, 'young', 'old']
  for (const name of names) await writeFile(join(directory, name), 'half')
  for (const name of [ours, 'old']) await utimes(join(directory, name), anHourAgo, anHourAgo)
  const files = await TemporaryFiles.open(directory, await readOwner())
  expect((await readdir(directory)).sort()).toEqual([ours, anotherBoot, 'young'].sort())
  const all = { beforeMs: Infinity, remove: false }
  expect((await collect(files.leftovers(all))).sort()).toEqual([anotherBoot, 'young'].sort())
  expect(await collect(files.leftovers({ ...all, beforeMs: anHourAgo.getTime(), remove: true }))).toEqual([])
})

it('what cannot be removed keeps nobody from opening the folder', async () => {
  const directory = await temporaryDirectory()
  const [processes, pid, start] = basename(
    (await TemporaryFiles.open(directory, await readOwner())).newPath(),
  ).split('.')
  const name = [processes, pid, `${start}1`, 'x'].join('.')
  await mkdir(join(directory, name))
  await TemporaryFiles.open(directory, await readOwner())
  expect(await readdir(directory)).toEqual([name])
})
