import { systemErrorCode } from '../errors.js'

export function reasonOf(error: unknown): string {
  const code = systemErrorCode(error)
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied'
  if (code === 'EROFS') return 'the file system is read-only'
  if (code === 'ENOTDIR') return 'a part of its path is a file'
  return messageOf(error)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown reason'
}
