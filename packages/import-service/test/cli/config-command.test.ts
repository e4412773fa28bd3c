import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commands } from '../../src/cli/commands.js'
import { exactBytes, withoutPassword } from '../../src/config/show-config.js'
import { TestCli } from '../support/test-cli.js'

const run = promisify(execFile)
const program = fileURLToPath(new URL('../../bin/bae.js', import.meta.url))

let cli: TestCli

beforeEach(async () => {
  cli = await TestCli.create()
})

afterEach(() => cli[Symbol.asyncDispose]())

async function saveFile(text: string): Promise<string> {
  const path = join(cli.folder.path, 'bae.yaml')
  await writeFile(path, text)
  return path
}

/** The program as users run it: exit code and both outputs. */
async function start(args: readonly string[], environment: NodeJS.ProcessEnv) {
  const { PATH } = process.env
  const options = { env: { PATH, ...environment }, timeout: 50_000 }
  try {
    return { code: 0, ...(await run(process.execPath, [program, ...args], options)) }
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string }
  }
}

describe('bae config', () => {
  it('shows every setting with who said it, as a program', async () => {
    const file = await saveFile('capacity: 200 GiB\ndatabaseUrl: postgres://bae:secret@db.example/bae\n')
    const environment = { XDG_CONFIG_HOME: '/nowhere', BAE_UPLOAD_RATE: '1 MiB/s', BAE_LIBRARY: '/variable' }
    const args = ['config', '--config', file, '--library', '/flag', '--set', 'dht=off']
    const { code, stdout, stderr } = await start(args, environment)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^SETTING +VALUE +FROM$/m)
    expect(stdout).toMatch(/^library +\/flag +--library$/m)
    expect(stdout).toMatch(new RegExp(`^capacity +200 GiB +${file}:1$`, 'm'))
    expect(stdout).toMatch(/^uploadRate +1 MiB\/s +BAE_UPLOAD_RATE$/m)
    expect(stdout).toMatch(/^downloadRate +unlimited +default$/m)
    expect(stdout).toMatch(/^dht +off +--set$/m)
    expect(stdout).toMatch(
      new RegExp(`^databaseUrl +postgres://bae:\\*\\*\\*@db.example/bae +${file}:2$`, 'm'),
    )
    expect(stdout).not.toContain('secret')
  })

  it('names the line of a wrong key, as a program', async () => {
    const file = await saveFile('# mine\nuplaodRate: 1 MiB/s\n')
    for (const command of ['config', 'list']) {
      const { code, stdout, stderr } = await start([command], { BAE_CONFIG: file })
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toBe(
        `bae: ${file}:2: uplaodRate is no setting; did you mean uploadRate? [IMPORT_CONFIG_INVALID]\n`,
      )
    }
  })

  it('keeps the password out of errors and of what they are caused by', async () => {
    const environment = {
      BAE_CONFIG: '/dev/null',
      BAE_DEBUG: '1',
      BAE_LIBRARY: join(cli.folder.path, 'library'),
    }
    const wrong = ['postgres://bae:secret@127.0.0.1:1/bae', 'postgres://bae:secret@no such host/bae']
    for (const BAE_DATABASE_URL of wrong) {
      const { code, stdout, stderr } = await start(['doctor'], { ...environment, BAE_DATABASE_URL })
      expect(code).toBe(1)
      expect(stdout + stderr).not.toContain('secret')
    }
  })

  it('prints one object for programs, with sizes in bytes', async () => {
    const file = await saveFile('capacity: 1.5 KiB')
    const { code, output } = await cli.run(['config', '--config', file, '--json'])
    expect(code).toBe(0)
    const { settings, ...rest } = JSON.parse(output.stdout)
    expect(rest).toEqual({ file: { path: file, isThere: true }, unknownVariables: [] })
    expect(settings).toMatchObject({
      capacity: { value: 1536, from: 'file', where: `${file}:1`, isLive: false },
      remote: { value: null, from: 'default', where: null },
      listen: { value: '127.0.0.1:0', from: 'environment', where: 'BAE_LISTEN', isLive: true },
      dht: { value: false, from: 'default', where: null, isLive: true },
    })
    expect(cli.loads).toBe(0)
  })

  it('says what means nothing', async () => {
    cli.variables = { BAE_LIBARY: '/l' }
    const { code, output } = await cli.run(['config'])
    expect(code).toBe(0)
    expect(output.stderr).toBe('BAE_LIBARY means nothing; did you mean BAE_LIBRARY?\n')
  })
})

it('every command with a library takes a file of settings', () => {
  for (const { name, options } of commands)
    expect([name, 'config' in options]).toEqual([name, 'library' in options])
})

it.each([
  ['postgres://bae:p%40ss@db:5432/bae?sslmode=require', 'postgres://bae:***@db:5432/bae?sslmode=require'],
  ['postgresql:///bae?host=/run&password=secret', 'postgresql:///bae?host=%2Frun&password=***'],
  ['postgres://bae@db/bae', 'postgres://bae@db/bae'],
  ['postgres://bae:secret@no such host/bae', 'postgres://***'],
])('%s is shown without its password', (url, shown) => {
  expect(withoutPassword(url)).toBe(shown)
})

it.each([
  [0, '0'],
  [1000, '1000'],
  [1024, '1 KiB'],
  [1536, '1536'],
  [3 * 2 ** 40, '3 TiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(exactBytes(bytes)).toBe(text)
})
