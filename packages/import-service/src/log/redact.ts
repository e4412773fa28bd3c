/** What names a place on the network: up to white space, as a password may hold all else. */
const address = /\b([a-z][a-z0-9+.-]*):\/\/(\S*)/gi
const magnet = /\bmagnet:\?(\S*)/gi
/** What trackers call the secret of a user, outside an address: in their answers, for example. */
const assignment = /\b(\w*(?:passkey|authkey|torrent_pass|password|secret|token))=[^\s&]+/gi

/**
 * Text without what is nobody's business: of an address only scheme and host stay, of a magnet link the info hashes. The
 * addresses of trackers have the key of a user in their path or query, those of databases a password.
 */
export function redact(text: string): string {
  return text
    .replace(magnet, (_, query: string) => `magnet:?${[...query.matchAll(/xt=[\w:.]+/gi)].join('&')}`)
    .replace(address, (whole: string, scheme: string, rest: string) =>
      // Places in the code, of stacks.
      scheme === 'file' ? whole : `${scheme}://${hostOf(rest)}/...`,
    )
    .replace(assignment, '$1=...')
}

/** The same of everything in it, however deep. What is no plain value is named, not shown. */
export function redactAll(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redact(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return describeError(value, depth)
  if (value instanceof Uint8Array || depth > 5) return '...'
  if (Array.isArray(value)) return value.map((each) => redactAll(each, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redactAll(each, depth + 1)]))
}

/** Errors of ours and of the system say with their code where they come from; of others the stack does. */
function describeError(error: Error, depth: number): object {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return {
    ...(code !== undefined && { code }),
    message: redact(error.message),
    ...(code === undefined && error.stack !== undefined && { stack: redact(error.stack) }),
    ...(error.cause !== undefined && depth <= 5 && { cause: redactAll(error.cause, depth + 1) }),
  }
}

function hostOf(rest: string): string {
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? ''
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  return /^(?:\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5}\b)?/i.exec(host)?.[0] ?? '...'
}
