/** An error of the operating system; with `codes`, one of those only. */
export function isFileError(error: unknown, ...codes: string[]): error is Error & { code: string } {
  if (!(error instanceof Error && 'code' in error && 'syscall' in error)) return false
  return codes.length === 0 || codes.includes(error.code as string)
}
