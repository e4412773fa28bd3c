/** The first clause of an option's text: a menu has one line for each. */
export function shortText(text: string): string {
  const line = text.replace(/\s+/g, ' ').replace(/\{.*$/, 'JSON')
  return (line.split(/[;:,.(]/)[0] ?? '').trim()
}
