import { spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commands } from '../../src/cli/commands.js'
import { usageOptions, usageWords } from '../../src/cli/help-text.js'
import { manPage } from '../../src/cli/man-page.js'
import { TestCli } from '../support/test-cli.js'

let cli: TestCli

beforeEach(async () => {
  cli = await TestCli.create()
})

afterEach(() => cli[Symbol.asyncDispose]())

async function completionOf(shell: string): Promise<string> {
  const { code, output } = await cli.run(['completion', shell])
  expect([code, output.stderr, cli.loads]).toEqual([0, '', 0])
  return output.stdout
}

function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0
}

/** Prints its words, and where a completion asks it a list of one import, whose ID tells of the words of the question. */
const fakeProgram = `bae() {
  if ((BASH_SUBSHELL == 0)); then printf '%s\\n' "$@"
  else printf "ID  STATE\\n0123456789%s  completed\\n" "$(printf %s "\${@:2}" | tr -d -)"; fi
}`

/** What the program is called with when bash, as people use it, reads these keys. A tab completes. */
async function typed(keys: string): Promise<readonly string[]> {
  const script = join(cli.folder.path, 'completion.bash')
  await writeFile(script, await completionOf('bash'))
  const { stdout } = spawnSync('bash', ['--norc', '--noprofile', '-i'], {
    cwd: cli.folder.path,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, TERM: 'dumb', INPUTRC: '/dev/null' },
    input: `${fakeProgram}\nsource '${script}'\nbae ${keys}\nexit\n`,
    timeout: 50_000,
  })
  return stdout.trimEnd().split('\n')
}

describe('the completion for bash', () => {
  it.each([
    ['a command', 'imp\t', ['import']],
    ['an option', 'rebuild --ve\t--ad\t', ['rebuild', '--verify', '--add']],
    ['the command that help is asked for', 'help doc\t', ['help', 'doctor']],
    ['one of the words that an argument may be', 'completion z\t', ['completion', 'zsh']],
    ['a file where one is asked for', 'import alb\t', ['import', 'album one.torrent']],
    [
      'a file behind options',
      'import --peer a:1 --list alb\t',
      ['import', '--peer', 'a:1', '--list', 'album one.torrent'],
    ],
    ['a folder as the value of an option', 'list --library my\t', ['list', '--library', 'my folder/']],
    ['a folder behind an equals sign', 'list --library=my\t', ['list', '--library=my folder/']],
    [
      'a file behind such an option',
      'import --library=x alb\t',
      ['import', '--library=x', 'album one.torrent'],
    ],
    ['a folder as the second argument', 'export abc my\t', ['export', 'abc', 'my folder/']],
    ['an ID', 'show 01\t', ['show', '0123456789']],
    [
      'an ID of another library',
      'verify --library there 01\t',
      ['verify', '--library', 'there', '0123456789librarythere'],
    ],
    ['an ID before patterns', 'select 01\t', ['select', '0123456789']],
    ['no file and no ID where a pattern belongs', 'select abc 01\t alb\t', ['select', 'abc', '01', 'alb']],
    ['no file where an ID belongs', 'show alb\t', ['show', 'alb']],
    ['no file where a pattern belongs', 'import --select alb\t', ['import', '--select', 'alb']],
  ])('completes %s', async (_, keys, expected) => {
    await writeFile(join(cli.folder.path, 'album one.torrent'), '')
    await mkdir(join(cli.folder.path, 'my folder'))
    expect(await typed(keys)).toEqual(expected)
  })
})

describe('the completions', () => {
  it.each(['bash', 'zsh', 'fish'])('for %s know every command and option', async (shell) => {
    const script = await completionOf(shell)
    for (const { name, options } of commands) {
      expect(script).toMatch(new RegExp(`^.*\\b${name}\\b`, 'm'))
      for (const option of Object.keys(options))
        expect(script).toContain(shell === 'fish' ? `from ${name}' -l ${option} ` : `--${option}`)
    }
  })

  it.each(['bash', 'zsh', 'fish'].filter(isInstalled))(
    'for %s are a script that it can read',
    async (shell) => {
      const script = join(cli.folder.path, 'completion')
      await writeFile(script, await completionOf(shell))
      const { status, stderr } = spawnSync(shell, ['-n', script], { encoding: 'utf8' })
      expect([status, stderr]).toEqual([0, ''])
    },
  )

  it('for another shell are refused', async () => {
    const { code, output } = await cli.run(['completion', 'csh'])
    expect([code, output.stdout]).toEqual([2, ''])
    expect(output.stderr).toMatch(/no completion for 'csh'.*bash, zsh or fish/)
  })
})

describe('the manual page', () => {
  it('tells of every command with its options', () => {
    const page = manPage('1.2.3').replaceAll('\\-', '-')
    expect(page).toContain('"bae 1.2.3"')
    for (const entry of commands) {
      const [, section = ''] = page.split(
        `.SS bae ${[...usageWords(entry), ...usageOptions(entry)].join(' ')}\n`,
      )
      for (const option of Object.keys(entry.options))
        expect(section.split('.SS')[0]).toMatch(new RegExp(`^\\.B --${option}\\b`, 'm'))
    }
  })

  it.each(['groff'].filter(isInstalled))('is one that %s finds nothing wrong with', (groff) => {
    const { status, stderr } = spawnSync(groff, ['-man', '-Tutf8', '-ww', '-z'], {
      encoding: 'utf8',
      input: manPage('1.2.3'),
    })
    expect([status, stderr]).toEqual([0, ''])
  })
})

it("the README's table is the table of commands", async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const rows = commands.map((entry) => [`\`bae ${usageWords(entry).join(' ')}\``, entry.summary] as const)
  const heads = Math.max(...rows.map(([usage]) => usage.length))
  const texts = Math.max(...rows.map(([, summary]) => summary.length))
  const table = [['command', 'does'], ['-'.repeat(heads), '-'.repeat(texts)], ...rows]
    .map(([usage = '', summary = '']) => `| ${usage.padEnd(heads)} | ${summary.padEnd(texts)} |`)
    .join('\n')
  expect(readme).toContain(table)
})
