import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { DirectoryResumeStore } from '../src/directory-resume-store.js'
import { MemoryResumeStore, type ResumeStore } from '../src/resume-store.js'
import { resumeStoreCompliance } from '../src/testing/index.js'

const folders = new Map<ResumeStore, string>()

afterAll(async () => {
  for (const folder of folders.values()) await rm(folder, { recursive: true, force: true })
})

async function createInFolder(): Promise<DirectoryResumeStore> {
  const folder = await mkdtemp(join(tmpdir(), 'bae-resume-'))
  const store = await DirectoryResumeStore.open(join(folder, 'records'))
  folders.set(store, folder)
  return store
}

function folderOf(store: ResumeStore): string {
  return join(folders.get(store) ?? '', 'records')
}

describe('MemoryResumeStore', () => {
  resumeStoreCompliance({ describe, it }, { create: async () => new MemoryResumeStore() })
})

describe('DirectoryResumeStore', () => {
  resumeStoreCompliance(
    { describe, it },
    { create: createInFolder, reopen: (store) => DirectoryResumeStore.open(folderOf(store)) },
  )

  it('sweeps up what a dead process left, and touches no file of others', async () => {
    const store = await createInFolder()
    const folder = folderOf(store)
    await store.save('a', Uint8Array.of(1))
    await writeFile(join(folder, 'a.resume.7.part'), 'half')
    await writeFile(join(folder, 'notes.txt'), 'mine')
    await DirectoryResumeStore.open(folder)
    expect((await readdir(folder)).sort()).toEqual(['a.resume', 'notes.txt'])
  })

  it('refuses an id that would lead out of its folder', async () => {
    const store = await createInFolder()
    for (const id of ['../a', '', 'a/b', '.', 'a'.repeat(200)]) {
      await expect(store.save(id, Uint8Array.of(1))).rejects.toThrow(RangeError)
    }
  })
})
