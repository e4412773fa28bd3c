import { systemErrorCode } from '../errors.js'

export function reasonOf(error: unknown): string {
  const code = systemErrorCode(error)
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied'
  if (code === 'EROFS') return 'the file system is read-only'
  if (code === 'ENOTDIR') return 'a part of its path is a file'
  return messageOf(error)
}

/** In one line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.trim().replace(/\s*\n\s*/g, ' ') : 'unknown reason'
}
