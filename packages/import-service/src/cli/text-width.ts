const wideCharacter =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\uff01-\uff60]/u
const markCharacter = /\p{Mn}|\p{Me}|\p{Cf}/u

/** Columns that a terminal gives a text: two for wide characters, none for marks. */
export function textWidth(text: string): number {
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

/** The text cut to `columns`, with '...' where something is missing. */
export function clipText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  const room = Math.max(0, columns - 3)
  let kept = ''
  let width = 0
  for (const character of text) {
    width += characterWidth(character)
    if (width > room) break
    kept += character
  }
  return `${kept}...`
}

function characterWidth(character: string): number {
  if (markCharacter.test(character)) return 0
  return wideCharacter.test(character) ? 2 : 1
}
