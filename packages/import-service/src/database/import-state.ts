/** Where an import stands. */
export type ImportState =
  | 'queued'
  | 'fetchingMetadata'
  | 'choosingFiles'
  | 'downloading'
  | 'verifying'
  | 'completed'
  | 'seeding'
  | 'paused'
  | 'failed'
  | 'cancelled'
