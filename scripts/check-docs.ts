// Documents that can be wrong are compared with what they speak of: error codes with docs/errors.md, code in
// the READMEs with the examples, links with the files they name.
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { finish, packageNames, repositoryRoot, shownPath, writtenFiles } from './repository.js'

const problems: string[] = []

checkErrorCodes()
checkDecisions()
await checkSettings()
for (const file of writtenFiles(repositoryRoot, /\.md$/)) {
  const text = readFileSync(file, 'utf8')
  checkSnippets(file, text)
  checkLinks(file, text)
}
finish(problems, 'docs: codes, snippets and links agree with the files')

/** Every code of the packages' unions has a heading in docs/errors.md, and every heading is such a code. */
function checkErrorCodes(): void {
  const page = readFileSync(join(repositoryRoot, 'docs/errors.md'), 'utf8')
  const documented = new Set([...page.matchAll(/^### `?([A-Z][A-Z0-9_]+)`?$/gm)].map((match) => match[1]))
  const known = new Set(packageNames.flatMap((name) => codesOf(name)))
  for (const code of known)
    if (!documented.has(code)) problems.push(`docs/errors.md does not explain ${code}`)
  for (const code of documented) {
    if (code !== undefined && !known.has(code))
      problems.push(`docs/errors.md explains ${code}, which no package has`)
  }
}

function codesOf(packageName: string): string[] {
  const file = join(repositoryRoot, 'packages', packageName, 'src/errors.ts')
  if (!existsSync(file)) return []
  const union = /export type \w+ErrorCode =\n(?<members>[\s\S]*?)\n\n/.exec(readFileSync(file, 'utf8'))
    ?.groups?.members
  const codes = [...(union ?? '').matchAll(/^ *\| '([A-Z0-9_]+)'/gm)].map((match) => match[1] ?? '')
  if (codes.length === 0) problems.push(`${shownPath(file)}: no union of error codes was found`)
  return codes
}

/** docs/configuration.md has the table of settings as the package has it. */
async function checkSettings(): Promise<void> {
  const built = join(repositoryRoot, 'packages/import-service/dist/config/settings.js')
  const { settings } = (await import(pathToFileURL(built).href)) as {
    readonly settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  }
  const rows = Object.entries(settings).map(
    ([key, { variable, text, initially, otherwise, isLive }]) =>
      `| \`${key}\` | \`${variable}\` | ${text} | ${initially ?? otherwise} |${isLive ? ' live ' : ' '}|`,
  )
  const table = [
    '| key | variable | what it is | when nobody says | |',
    '| - | - | - | - | - |',
    ...rows,
  ].join('\n')
  const page = readFileSync(join(repositoryRoot, 'docs/configuration.md'), 'utf8')
  if (!page.includes(`<!-- settings -->\n${table}\n`))
    problems.push(`docs/configuration.md has not this table below <!-- settings -->:\n${table}`)
}

/** The list of decisions names every one. */
function checkDecisions(): void {
  const list = readFileSync(join(repositoryRoot, 'docs/decisions/README.md'), 'utf8')
  for (const file of writtenFiles(join(repositoryRoot, 'docs/decisions'), /^\d{4}-.*\.md$/)) {
    if (!list.includes(`](${basename(file)})`))
      problems.push(`docs/decisions/README.md does not list ${basename(file)}`)
  }
}

/** `<!-- example: FILE -->` before a code block: the block is that file, or its part `#region readme`. */
function checkSnippets(file: string, text: string): void {
  for (const match of text.matchAll(/<!-- example: (\S+) -->\n```\w*\n([\s\S]*?)```/g)) {
    const [, example = '', snippet] = match
    const path = join(repositoryRoot, example)
    if (!existsSync(path)) problems.push(`${shownPath(file)} shows ${example}, which does not exist`)
    else if (snippet !== shownPart(readFileSync(path, 'utf8'))) {
      problems.push(`${shownPath(file)} shows ${example} as it is not`)
    }
  }
}

function shownPart(source: string): string {
  const region = /^ *\/\/ #region readme\n(?<code>[\s\S]*?)^ *\/\/ #endregion\n/m.exec(source)?.groups?.code
  return region ?? source
}

function checkLinks(file: string, text: string): void {
  const prose = text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '')
  for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue
    const [path = '', anchor] = target.split('#')
    const linked = path === '' ? file : resolve(dirname(file), path)
    if (!existsSync(linked)) problems.push(`${shownPath(file)} links to ${target}, which does not exist`)
    else if (anchor !== undefined && !anchorsOf(readFileSync(linked, 'utf8')).includes(anchor)) {
      problems.push(`${shownPath(file)} links to ${target}, a heading that is not there`)
    }
  }
}

function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '')
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
