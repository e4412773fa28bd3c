import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ResolvedConfig } from '../../src/config/read-config.js'
import type { Origin } from '../../src/config/sources.js'
import { examineSettings } from '../../src/doctor/examine-settings.js'
import { TemporaryFolder } from '../support/temporary-folder.js'
import { testConfig } from '../support/test-config.js'

let folder: TemporaryFolder
let path: string

beforeEach(async () => {
  folder = await TemporaryFolder.create()
  path = join(folder.path, 'bae.yaml')
})

afterEach(() => folder[Symbol.asyncDispose]())

async function look(found: Partial<ResolvedConfig>, databaseUrl?: string) {
  return await examineSettings({
    config: await testConfig('/library', databaseUrl === undefined ? {} : { databaseUrl }),
    origins: new Map(),
    file: { path, isThere: false },
    unknownVariables: [],
    ...found,
  })
}

describe('the doctor', () => {
  it('says which file was read, or would be', async () => {
    expect(await look({})).toEqual({ name: 'settings', status: 'ok', detail: `no file ${path}` })
    expect(await look({ file: { path, isThere: true } })).toMatchObject({ status: 'ok', detail: path })
  })

  it('warns of variables that mean nothing', async () => {
    const unknownVariables = [{ name: 'BAE_LIBARY', near: 'BAE_LIBRARY' }, { name: 'BAE_WALLPAPER' }]
    expect(await look({ unknownVariables })).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('BAE_LIBARY, BAE_WALLPAPER'),
      advice: expect.stringContaining('did you mean BAE_LIBRARY?'),
    })
  })

  it('warns of a password in a file that everybody may read', async () => {
    await writeFile(path, '')
    await chmod(path, 0o644)
    const origin: Origin = { from: 'file', file: path, line: 1 }
    const found = { file: { path, isThere: true }, origins: new Map([['databaseUrl', origin]] as const) }
    const item = await look(found, 'postgres://bae:secret@db/bae')
    expect(item).toMatchObject({ status: 'warn', advice: `chmod o-r ${path}` })
    expect(item.detail).not.toContain('secret')
    expect(await look(found, 'postgres://bae@db/bae?password=secret')).toMatchObject({ status: 'warn' })
    expect(await look(found, 'postgres://bae@db/bae')).toMatchObject({ status: 'ok' })
    await chmod(path, 0o640)
    expect(await look(found, 'postgres://bae:secret@db/bae')).toMatchObject({ status: 'ok' })
  })
})
