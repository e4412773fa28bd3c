export interface StoragePlan {
  readonly folder: string
  /** The library, or one file: through the page cache, or past it. */
  readonly way: 'bae' | 'cached' | 'direct'
  readonly totalBytes: number
  readonly files: number
  readonly pieceLengthBytes: number
  readonly hashesGiven: boolean
  /** The page cache is dropped before writing and before reading, which only root may. */
  readonly isCold: boolean
}

/** Writing: until the last call has settled, and until the bytes are on the device. CPU of all processes. */
export interface StorageFigures {
  readonly writeSeconds: number
  readonly deviceSeconds: number
  readonly writeCpuSeconds: number
  readonly readSeconds: number
  readonly readCpuSeconds: number
}

export interface ChunkStepsPlan {
  readonly folder: string
  readonly chunks: number
}

/** CPU of all processes for each step, in microseconds a chunk. */
export interface ChunkSteps {
  /** Chunks that the library does not have. */
  readonly fresh: Readonly<Record<string, number>>
  /** The same ones for another torrent. */
  readonly known: Readonly<Record<string, number>>
}

/** Files of odd lengths, about as long as each other, one after the other. */
export function oddFiles({ totalBytes, files: count }: Pick<StoragePlan, 'totalBytes' | 'files'>) {
  const usual = Math.floor(totalBytes / count)
  let offsetBytes = 0
  return Array.from({ length: count }, (_, index) => {
    const odd = usual + (index % 2 === 0 ? 1 + (index % 4099) : -1 - ((index - 1) % 4099))
    const lengthBytes = index === count - 1 ? totalBytes - offsetBytes : odd
    const file = {
      index,
      path: [`${index}`],
      offsetBytes,
      lengthBytes,
      kind: 'file',
      executable: false,
    } as const
    offsetBytes += lengthBytes
    return file
  })
}
