import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { parseConfigFile } from '../../src/config/config-file.js'
import { resolveConfig } from '../../src/config/read-config.js'
import { settingKeys, settingOf } from '../../src/config/settings.js'

const example = fileURLToPath(new URL('../../bae.example.yaml', import.meta.url))
const user = { isRoot: false, homeDirectory: '/home/someone' }

it('the example file says what is so when nobody says anything, and names every setting', async () => {
  const initial = await resolveConfig({}, { environment: {}, user })
  const { config } = await resolveConfig({ config: example }, { environment: {}, user })
  expect(config).toEqual(initial.config)
  const text = await readFile(example, 'utf8')
  for (const key of settingKeys) expect(text).toMatch(new RegExp(`^(# )?${key}: \\S`, 'm'))
})

it('the example file is right where its comments are taken away, too', async () => {
  const text = (await readFile(example, 'utf8')).replace(/^# (?=\w+: )/gm, '')
  const { given, problems } = await parseConfigFile(example, text)
  expect(problems).toEqual([])
  expect(given.map(({ key }) => key)).toEqual(settingKeys)
})

it('every setting says what it is when nobody says it', () => {
  for (const key of settingKeys) {
    const { initially, otherwise } = settingOf(key)
    expect([initially, otherwise].filter((text) => text !== undefined)).toHaveLength(1)
  }
})
