/** A client of someone else that has a whole torrent and gives it away, on 127.0.0.1 only. */
export interface Seed extends AsyncDisposable {
  readonly program: string
  /** HOST:PORT, as `--peer` wants it. */
  readonly address: string
  close(): Promise<void>
}
