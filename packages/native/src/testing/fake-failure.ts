/** What was rejected with may be anything, also an object that throws when it is looked at. */
export function failureOf(error: unknown): { readonly code: 'ENOSPC' | 'EIO'; readonly message: string } {
  try {
    const message = error instanceof Error ? error.message : 'the storage failed'
    return { code: isNoSpace(error) ? 'ENOSPC' : 'EIO', message }
  } catch {
    return { code: 'EIO', message: 'the storage failed' }
  }
}

function isNoSpace(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'STORAGE_NO_SPACE' || error.code === 'ENOSPC')
  )
}
