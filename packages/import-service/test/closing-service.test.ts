import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryImportDatabase } from '../src/database/memory-import-database.js'
import type { ImportService } from '../src/import-service.js'
import { FakeParts } from './support/fake-parts.js'
import { hashV1, layoutOf, pieceLengthBytes } from './support/records.js'

const source = { torrent: { torrentFile: Uint8Array.of(1, 2, 3) }, infoHashV1: hashV1('a'), name: 'album' }

let parts: FakeParts
let imports: MemoryImportDatabase
let service: ImportService

beforeEach(() => {
  parts = new FakeParts(layoutOf({ 'one.wav': pieceLengthBytes }))
  imports = parts.imports
  service = parts.open()
})

afterEach(() => service.close())

/** Calls of this method of the records wait for the test. */
function holdBack(method: 'claim' | 'findImportByInfoHash' | 'saveImport') {
  let arrive = (): void => {}
  let goOn = (): void => {}
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const held = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const answer = imports[method].bind(imports) as (...args: unknown[]) => Promise<unknown>
  const late = async (...args: unknown[]): Promise<unknown> => {
    arrive()
    await held
    return await answer(...args)
  }
  Object.assign(imports, { [method]: late })
  return { reached, goOn }
}

describe('who closes a service', () => {
  it('refuses an import of which nothing was recorded yet, and nothing of it stays', async () => {
    const asked = holdBack('findImportByInfoHash')
    const adding = service.add(source)
    await asked.reached
    const closing = service.close()
    asked.goOn()
    await expect(adding).rejects.toMatchObject({ code: 'IMPORT_CLOSED' })
    await closing
    expect(parts.client.added).toEqual([])
    expect(await MemoryImportDatabase.join(imports).listImports()).toEqual([])
  })

  it('waits for one that is being recorded, until that has ended', async () => {
    const claimed = holdBack('claim')
    const adding = service.add(source)
    await claimed.reached
    const closing = service.close()
    claimed.goOn()
    await closing
    const job = await adding
    expect([job.outcome, job.cleanupError]).toEqual(['removed', undefined])
    await expect(job.whenCompleted()).rejects.toMatchObject({ code: 'IMPORT_CLOSED' })
    expect(await MemoryImportDatabase.join(imports).listImports()).toEqual([])
  })

  it('waits until what was submitted is recorded', async () => {
    const saved = holdBack('saveImport')
    const submitting = service.submit(source)
    await saved.reached
    const closing = service.close()
    saved.goOn()
    await closing
    const { id } = await submitting
    expect(await MemoryImportDatabase.join(imports).listImports()).toMatchObject([{ id, state: 'queued' }])
  })
})
