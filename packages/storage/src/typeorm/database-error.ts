import { isBaeError, StorageError } from '../errors.js'
import { errorCode } from './away.js'

/** What the server's own words do not say. */
const meanings: Readonly<Record<string, string>> = {
  '55P03': 'another process holds what is needed here',
  '57014': 'the statement took too long',
  '25P03': 'the transaction stood still for too long',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the server has a certificate of its own making; sslrootcert may name it',
  SELF_SIGNED_CERT_IN_CHAIN:
    "the server's certificate is of an authority that is not known here; sslrootcert may name it",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the server's certificate is not of the authority that sslrootcert names",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "the server's certificate is of an authority that is not known here; sslrootcert may name it",
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another host",
}

/** Ours and mistakes of the caller as they are; all else is the database's. */
export function databaseError(error: unknown, what: string): unknown {
  if (isBaeError(error) || error instanceof RangeError || error instanceof TypeError) return error
  const why = error instanceof Error ? error.message : typeof error
  const code = errorCode(error) ?? ''
  const meaning = meanings[code]
  const message = `${what}: ${why}${meaning === undefined ? '' : ` (${meaning})`}`
  return new StorageError('STORAGE_DATABASE', message, { cause: error })
}
