/** The lines that `bae import --json` prints, as scripts may rely on them. */
export interface ProgressEvent {
  readonly event: 'progress'
  readonly state: string
  readonly pieces: number
  readonly totalPieces: number
  readonly bytes: number
  readonly totalBytes: number
  readonly downloadBytesPerSecond: number
  readonly peers: number
}

export interface CompletedEvent {
  readonly event: 'completed'
  readonly id: string
  readonly infoHash: string
  readonly infoHashV1?: string | null
  readonly infoHashV2?: string | null
  readonly name: string
  readonly bytes: number
  readonly pieces: number
  readonly files: readonly { readonly path: string; readonly bytes: number }[]
  readonly seconds: number
}

export interface ErrorEvent {
  readonly event: 'error'
  readonly nextStep: string | null
  readonly code: string
  readonly message: string
}

export type BaeEvent = ProgressEvent | CompletedEvent | ErrorEvent

/** What `bae verify --json` prints. */
export interface VerifyReport {
  readonly id: string
  readonly pieces: number
  readonly ok: number | boolean
  readonly bad: readonly {
    readonly piece: number
    readonly files: readonly string[]
    readonly chunk: string
  }[]
  readonly repair: { readonly healedChunks: number; readonly lostPieces: readonly number[] } | null
}

export function isProgress(event: BaeEvent | undefined): event is ProgressEvent {
  return event?.event === 'progress'
}

export function isCompleted(event: BaeEvent | undefined): event is CompletedEvent {
  return event?.event === 'completed'
}

export function isError(event: BaeEvent | undefined): event is ErrorEvent {
  return event?.event === 'error'
}
