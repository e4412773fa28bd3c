import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const soak = fileURLToPath(new URL('../soak/soak.mjs', import.meta.url))

it('survives sessions, torrents and storages that change at random, and leaves nothing behind', {
  timeout: 300_000,
}, async () => {
  const args = ['--expose-gc', soak, '--seconds', '15', '--seed', '7']
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 290_000 })
  expect(stdout).toContain('nothing is left behind')
})
