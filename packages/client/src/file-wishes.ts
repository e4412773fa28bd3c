import type { TorrentLayout } from '@bae/storage'
import { type FileSelector, selectedFiles } from './file-selector.js'

/** 'skip' is not fetched. A number is libtorrent's own, from 0, which is 'skip', over 4, 'normal', to 7, 'top'. */
export type FilePriority = keyof typeof FILE_PRIORITIES | number

export const FILE_PRIORITIES = Object.freeze({ skip: 0, low: 1, normal: 4, high: 6, top: 7 })

/** One wish after another, in the order they were made. */
export interface FileWish {
  readonly files: FileSelector
  readonly priority: number
}

/** Which files are wanted, and how much: said before the metadata, or about files that are known. */
export class FileWishes {
  #waiting: FileWish[]
  #priorities: readonly number[] | undefined

  constructor(
    known: { readonly waiting?: readonly FileWish[]; readonly priorities?: readonly number[] } = {},
  ) {
    this.#waiting = [...(known.waiting ?? [])]
    this.#priorities = known.priorities
  }

  /** All as it is unless something else was wished. */
  get isDefault(): boolean {
    return this.#waiting.length === 0 && this.#priorities === undefined
  }

  get waiting(): readonly FileWish[] {
    return this.#waiting
  }

  /** For each file of the layout, padding included, which is never wanted. Undefined while nothing was wished. */
  get priorities(): readonly number[] | undefined {
    return this.#priorities
  }

  /** RangeError for a file or a priority that there is not. */
  wish(files: FileSelector, priority: FilePriority, layout: TorrentLayout | undefined): void {
    this.#waiting.push({ files, priority: priorityNumber(priority) })
    try {
      if (layout !== undefined) this.#settle(layout, true)
    } finally {
      if (layout !== undefined) this.#waiting = []
    }
  }

  /** The metadata is there. A file that it does not have is not missed: nobody can be told any more. */
  resolve(layout: TorrentLayout): void {
    this.#settle(layout, false)
    this.#waiting = []
  }

  /** As a storage is opened with: nothing where all files are wanted. */
  wantedOf(layout: TorrentLayout): { readonly wantedFiles?: readonly number[] } {
    const priorities = this.#settled(layout, false)
    return this.isDefault
      ? {}
      : { wantedFiles: [...layout.files.keys()].filter((index) => priorities[index]) }
  }

  #settle(layout: TorrentLayout, strict: boolean): void {
    const priorities = this.#settled(layout, strict)
    if (this.#waiting.length > 0) this.#priorities = priorities
  }

  #settled(layout: TorrentLayout, strict: boolean): readonly number[] {
    const priorities = layout.files.map(({ kind }, index) =>
      kind === 'padding' ? 0 : (this.#priorities?.[index] ?? FILE_PRIORITIES.normal),
    )
    for (const { files, priority } of this.#waiting) {
      const known = strict ? files : withoutStrangers(files, layout)
      for (const index of selectedFiles(layout, known)) priorities[index] = priority
    }
    return priorities
  }
}

function withoutStrangers(files: FileSelector, layout: TorrentLayout): FileSelector {
  const parts: readonly (number | string)[] = Array.isArray(files) ? files : [files]
  return parts.filter((part) => typeof part === 'string' || layout.files[part] !== undefined)
}

function priorityNumber(priority: FilePriority): number {
  const value = typeof priority === 'number' ? priority : FILE_PRIORITIES[priority]
  if (Number.isInteger(value) && value >= 0 && value <= 7) return value
  throw new RangeError(`'${priority}' is no priority: ${Object.keys(FILE_PRIORITIES).join(', ')} or 0 to 7`)
}
