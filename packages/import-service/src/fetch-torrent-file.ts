import type { AbortOptions } from '@bae/storage'
import { ImportError, systemErrorCode } from './errors.js'

/** A hybrid torrent of 100,000 files takes a third of it. */
export const maxTorrentFileBytes = 64 * 1024 * 1024
const answerTimeoutMs = 15_000

/** Gets a .torrent file over HTTP within 15 s and 64 MiB. Rejects IMPORT_SOURCE_UNREACHABLE and IMPORT_INVALID_SOURCE. */
export async function fetchTorrentFile(
  address: string,
  options: AbortOptions & { readonly timeoutMs?: number } = {},
): Promise<Uint8Array> {
  const { shown, headers } = splitPassword(address)
  const timeoutMs = options.timeoutMs ?? answerTimeoutMs
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal])
  try {
    const response = await fetch(shown, { signal, headers })
    if (!response.ok) {
      await response.body?.cancel()
      throw new ImportError(
        'IMPORT_SOURCE_UNREACHABLE',
        `${shown} answered ${response.status} ${response.statusText}`.trim(),
      )
    }
    return await readBounded(response, shown)
  } catch (error) {
    if (error instanceof ImportError) throw error
    options.signal?.throwIfAborted()
    const why = timeout.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(error)
    throw new ImportError('IMPORT_SOURCE_UNREACHABLE', `${shown} cannot be fetched: ${why}`, { cause: error })
  }
}

async function readBounded(response: Response, shown: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let lengthBytes = 0
  for await (const part of response.body ?? []) {
    lengthBytes += part.byteLength
    if (lengthBytes > maxTorrentFileBytes) {
      throw new ImportError(
        'IMPORT_INVALID_SOURCE',
        `${shown} is too large to be a .torrent file (over 64 MiB)`,
      )
    }
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

/** fetch says only "fetch failed"; what happened is in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const code = systemErrorCode(cause)
  if (code === 'ECONNREFUSED') return 'the server refuses connections'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the server name has no address'
  if (cause instanceof Error && cause.message !== '') return cause.message
  return error instanceof Error ? error.message : 'unknown reason'
}

/** `fetch` takes no address with a password in it, and messages must not show one. */
function splitPassword(address: string): { shown: string; headers: Record<string, string> } {
  const headers: Record<string, string> = { accept: 'application/x-bittorrent, */*' }
  if (!URL.canParse(address)) return { shown: address, headers }
  const url = new URL(address)
  if (url.username !== '' || url.password !== '') {
    const login = `${decoded(url.username)}:${decoded(url.password)}`
    headers.authorization = `Basic ${Buffer.from(login).toString('base64')}`
  }
  url.username = ''
  url.password = ''
  return { shown: url.href, headers }
}

/** As it is where its escapes make no sense. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
