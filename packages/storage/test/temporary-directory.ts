import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'

const forTheFile: string[] = []

/** A fresh folder that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bae-storage-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A fresh folder that is gone after the tests of this file. */
export async function fileDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bae-storage-'))
  forTheFile.push(directory)
  return directory
}

afterAll(async () => {
  for (const directory of forTheFile) await rm(directory, { recursive: true, force: true })
})
