import { readdir } from 'node:fs/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { TemporaryFolder } from '../support/temporary-folder.js'
import { TestCli } from '../support/test-cli.js'

afterEach(() => void vi.unstubAllEnvs())

it('the demo leaves nothing where a setting is wrong', async () => {
  await using cli = await TestCli.create()
  await using temporary = await TemporaryFolder.create()
  vi.stubEnv('TMPDIR', temporary.path)
  cli.variables = { BAE_UPLOAD_RATE: 'fast' }
  const { output } = await cli.run(['demo'])
  expect(output.stderr).toContain('BAE_UPLOAD_RATE')
  expect(await readdir(temporary.path)).toEqual([])
})
