/*
 * What a server that is away looks like from here. All else is an answer of a server that is there, and
 * asking again would bring the same.
 */

/** How PostgreSQL says that it cannot be used now, but soon. */
const comingUp: Readonly<Record<string, string>> = {
  '57P03': 'it is starting or stopping',
  '53300': 'it has no connection left',
}

const away: Readonly<Record<string, string>> = {
  ...comingUp,
  '57P01': 'it was stopped, or ended the connection',
  '57P02': 'it crashed',
  '25006': 'it is read-only',
  '08000': 'the connection failed',
  '08001': 'the connection failed',
  '08003': 'the connection failed',
  '08004': 'it takes no connection',
  '08006': 'the connection failed',
  '08007': 'the connection failed',
  ECONNREFUSED: 'it refuses the connection',
  ECONNRESET: 'it closed the connection',
  ECONNABORTED: 'the connection broke',
  EPIPE: 'it closed the connection',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'its host cannot be reached',
  EHOSTDOWN: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
  ENETDOWN: 'its network cannot be reached',
  EAI_AGAIN: 'its name cannot be looked up now',
}

/** Errors of pg without a code. */
const messages: Readonly<Record<string, string>> = {
  'Connection terminated': 'the connection broke',
  'Connection terminated unexpectedly': 'the connection broke',
  'Connection terminated due to connection timeout': 'it does not answer',
  'Client has encountered a connection error and is not queryable': 'the connection broke',
  'Client was closed and is not queryable': 'the connection broke',
  'timeout expired': 'it does not answer',
  'timeout exceeded when trying to connect': 'no connection of this process came free',
  'Query read timeout': 'it does not answer',
}

/** Why the server counts as away; `undefined` for all that is not for want of it. */
export function awayReason(error: unknown): string | undefined {
  const cause = driverError(error)
  if (!(cause instanceof Error)) return undefined
  // TypeORM lets go of a connection that breaks between two statements, and says so at the next one.
  if (cause.name === 'QueryRunnerAlreadyReleasedError') return 'the connection broke'
  const code = errorCode(cause) ?? ''
  // A file that is missing, such as one of certificates, has the same name.
  if (code === 'ENOENT' && 'syscall' in cause && cause.syscall === 'connect') return 'it has no socket'
  return away[code] ?? messages[cause.message]
}

/** True for the answer of a server that is there and will take connections soon. */
export function isComingUp(error: unknown): boolean {
  return Object.hasOwn(comingUp, errorCode(error) ?? '')
}

/** The five characters by which PostgreSQL names an error, or the system's name of it. */
export function errorCode(error: unknown): string | undefined {
  const cause = driverError(error)
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}

/** What TypeORM wraps. Not by its class: another package may have another copy of it. */
function driverError(error: unknown): unknown {
  return error instanceof Error && 'driverError' in error ? error.driverError : error
}
