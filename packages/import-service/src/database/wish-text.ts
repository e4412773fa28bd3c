import type { ImportWish } from './import-database.js'

/** The same text for the same wish, whatever the order of its keys: JSON that `readWish` understands. */
export function wishText(wish: ImportWish): string
export function wishText(wish: ImportWish | undefined): string | undefined
export function wishText(wish: ImportWish | undefined): string | undefined {
  if (wish === undefined) return undefined
  const { kind } = wish
  switch (kind) {
    case 'cancel':
      return JSON.stringify({ kind, deleteData: wish.deleteData })
    case 'seed':
      return JSON.stringify({ kind, on: wish.on })
    case 'select':
      return JSON.stringify({ kind, globs: wish.globs, ...(wish.keep && { keep: true }) })
    default:
      return JSON.stringify({ kind })
  }
}

export function readWish(text: string): ImportWish {
  return JSON.parse(text) as ImportWish
}
