import type { FileSelector } from '@bae/client'
import type { TorrentLayout } from '@bae/storage'

/** As `selectedFiles` of @bae/client, but of globs it knows only whole paths, '**' and '*' at the beginning. */
export function selectSimply(layout: TorrentLayout, selector: FileSelector): readonly number[] {
  const parts: readonly (number | string)[] = Array.isArray(selector) ? selector : [selector]
  if (parts.includes('{')) throw new TypeError("the glob '{' has a { without its }")
  const isMeant = (index: number, path: string): boolean =>
    parts.some((part) => part === index || part === path || part === '**' || endsAs(part, path))
  const files = layout.files.filter(({ kind }) => kind !== 'padding')
  return files.filter(({ index, path }) => isMeant(index, path.join('/'))).map(({ index }) => index)
}

function endsAs(part: number | string, path: string): boolean {
  return typeof part === 'string' && part.startsWith('*') && path.endsWith(part.slice(1))
}
