import { readFile } from 'node:fs/promises'
import type { AbortOptions } from '@bae/storage'
import type { Scalar } from 'yaml'
import { ImportError, systemErrorCode } from '../errors.js'
import type { Given } from './sources.js'

/** What can be read of a file, and what is wrong with it, as 'FILE:LINE: ...'. Never with a value: it may be a secret. */
export interface FileContent {
  readonly given: readonly Given[]
  readonly problems: readonly string[]
}

/** `undefined` where there is no file. Rejects IMPORT_CONFIG_INVALID where it cannot be read. */
export async function readConfigFile(path: string, options: AbortOptions = {}): Promise<string | undefined> {
  try {
    return await readFile(path, { encoding: 'utf8', ...options })
  } catch (cause) {
    options.signal?.throwIfAborted()
    const code = systemErrorCode(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    const reasons: Readonly<Record<string, string>> = {
      EACCES: 'permission denied',
      EISDIR: 'it is a folder',
    }
    const why = reasons[code ?? ''] ?? code ?? 'unknown reason'
    throw new ImportError('IMPORT_CONFIG_INVALID', `${path} cannot be read: ${why}`, { cause })
  }
}

/** Lines of KEY: VALUE in YAML. Every value is taken as it is written, so that 'on' and '200' mean what they do elsewhere. */
export async function parseConfigFile(file: string, text: string): Promise<FileContent> {
  // As slow to load as all else that a small command needs, and most people have no file.
  const { isMap, isScalar, LineCounter, parseDocument } = await import('yaml')
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineAt = (offset: number | undefined): number => lines.linePos(offset ?? 0).line
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) {
    const problems = faults.map(({ code, pos }) => `${file}:${lineAt(pos[0])}: ${describeFault(code)}`)
    return { given: [], problems }
  }
  const { contents } = document
  if (contents === null || (isScalar(contents) && contents.value === null)) return { given: [], problems: [] }
  if (!isMap(contents)) {
    return { given: [], problems: [`${file}:${lineAt(contents.range?.[0])}: not lines of KEY: VALUE`] }
  }
  const given: Given[] = []
  const problems: string[] = []
  for (const { key, value } of contents.items) {
    const line = lineAt(isScalar(key) ? key.range?.[0] : contents.range?.[0])
    const name = isScalar(key) ? String(key.value) : undefined
    const written = value === null ? '' : isScalar(value) ? textOf(value) : undefined
    if (name === undefined) problems.push(`${file}:${line}: a key is one word`)
    else if (written === undefined) problems.push(`${file}:${line}: ${name} takes one value`)
    else if (written === '') problems.push(`${file}:${line}: ${name} has no value`)
    else given.push({ key: name, text: written, origin: { from: 'file', file, line } })
  }
  return { given, problems }
}

/** A plain word as it is written, whatever YAML would make of it. */
function textOf({ value, type, source }: Scalar): string {
  if (value === null) return ''
  return type === 'PLAIN' ? (source ?? '') : String(value)
}

/** The parser's own messages may quote what is there. */
function describeFault(code: string): string {
  if (code === 'DUPLICATE_KEY') return 'a key that is set before'
  return `no YAML that can be read (${code.toLowerCase().replaceAll('_', ' ')})`
}
