import { textWidth } from './text-width.js'

/** Words in lines of at most `columns`; a word that is wider has a line of its own. */
export function wrapText(text: string, columns: number): readonly string[] {
  return wrapWords(text.trim().split(/\s+/), columns)
}

/** The same for parts that must not be torn apart, such as '--library DIR'. */
export function wrapWords(words: readonly string[], columns: number): readonly string[] {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && textWidth(last) + 1 + textWidth(word) <= columns) {
      lines[lines.length - 1] = `${last} ${word}`
    } else lines.push(word)
  }
  return lines
}

/** `lines` behind `head`, which is as wide as what stands before the other lines. */
export function hang(head: string, lines: readonly string[]): readonly string[] {
  const indent = ' '.repeat(textWidth(head))
  return lines.map((line, index) => `${index === 0 ? head : indent}${line}`)
}
