export interface SeedsFigures {
  /** From the start of the process until the service had begun with all. */
  readonly startedMs: number
  /** Until each of them was in the client, with its storage open. */
  readonly seedingMs: number
  /** Until then; of the process and its database server, as the next one. */
  readonly startCpuSeconds: number
  readonly idleCpuPercent: number
  readonly residentBytes: number
  /** The most that it was until then. */
  readonly peakBytes: number
}
