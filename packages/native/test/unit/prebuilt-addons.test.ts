import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { whyNotLoaded } from '../../src/prebuilt-addons.js'

const folder = mkdtempSync(join(tmpdir(), 'bae-prebuilds-'))
afterAll(() => rmSync(folder, { recursive: true }))

const none = new Error('No native build was found for platform=linux arch=arm64\n    loaded from: /x')

it('says for which machines the package has an addon, where it has none for this one', () => {
  const names = [
    'linux-x64/@bae+native.glibc.node',
    'linux-x64/libcrypto.so.3',
    'darwin-arm64/@bae+native.node',
  ]
  for (const name of names) {
    const path = join(folder, 'prebuilds', name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '')
  }
  expect(whyNotLoaded(none, folder)).toBe(
    'the package has one for darwin arm64 and one for linux x64 with glibc only',
  )
})

it('says that the package has no addon at all', () => {
  expect(whyNotLoaded(none, join(folder, 'elsewhere'))).toBe('the package has none')
})

it("gives the linker's own words for one that does not fit", () => {
  const words = "/lib/libc.so.6: version `GLIBC_2.34' not found (required by /x/@bae+native.glibc.node)"
  expect(whyNotLoaded(new Error(words), folder)).toBe(words)
})
