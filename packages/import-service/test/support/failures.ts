/** An error as any bae package makes it. */
export function failureOf(code: string, message = `failed with ${code}`): Error & { readonly code: string } {
  const error = Object.assign(new Error(message), { code })
  return Object.defineProperty(error, Symbol.for('bae.error'), { value: true })
}
