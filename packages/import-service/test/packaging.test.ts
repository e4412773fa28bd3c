import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commands } from '../src/cli/commands.js'
import { parseArguments } from '../src/cli/parse-arguments.js'
import { TemporaryFolder } from './support/temporary-folder.js'

const packageUrl = new URL('../', import.meta.url)

/** What bae is called with, of which it must know every word. */
function parse([program, name, ...rest]: readonly string[]) {
  expect(program).toBe('bae')
  const entry = commands.find((command) => command.name === name)
  if (entry === undefined) throw new Error(`there is no command ${name}`)
  return parseArguments(entry, rest)
}

describe('the unit for systemd', () => {
  it('calls bae as bae can be called', async () => {
    const unit = await readFile(new URL('systemd/bae.service', packageUrl), 'utf8')
    const [, words = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? []
    expect(parse(words.split(' '))).toMatchObject({ library: '/var/lib/bae' })
    for (const [, advised = ''] of unit.matchAll(/then (bae \w+ .*)\.$/gm)) parse(advised.split(' '))
  })

  const isThere = spawnSync('systemd-analyze', ['--version']).status === 0
  it.each(isThere ? ['systemd-analyze'] : [])('is one that %s finds nothing wrong with', async (program) => {
    const unit = await readFile(new URL('systemd/bae.service', packageUrl), 'utf8')
    await using folder = await TemporaryFolder.create()
    const path = join(folder.path, 'bae.service')
    // Where it is installed is not known here.
    await writeFile(path, unit.replace(/^ExecStart=bae/m, 'ExecStart=/usr/bin/env bae'))
    const { status, stderr } = spawnSync(program, ['verify', '--man=no', path], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
  })
})

it('the container calls bae as bae can be called', async () => {
  const text = await readFile(new URL('Containerfile', packageUrl), 'utf8')
  const [, words = '[]'] = /^CMD (.*)$/m.exec(text) ?? []
  parse(JSON.parse(words) as readonly string[])
  expect(text).toMatch(/^STOPSIGNAL SIGTERM$/m)
  expect(text).toMatch(/^USER bae$/m)
})
