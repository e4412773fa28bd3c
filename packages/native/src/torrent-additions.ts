import { NativeError, type NativeErrorCode } from './errors.js'

interface Addition {
  resolve(): void
  reject(error: Error): void
}

/** Torrents on their way into the session, by torrent id. Each is settled: by word of the addon, or the session's end. */
export class TorrentAdditions {
  readonly #waiting = new Map<string, Addition>()

  wait(torrentId: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(torrentId, { resolve, reject })
    })
  }

  /** `errorCode`: '' where the session has it. */
  settle(torrentId: string, errorCode: NativeErrorCode | '', errorMessage: string): void {
    const addition = this.#waiting.get(torrentId)
    this.#waiting.delete(torrentId)
    if (errorCode === '') addition?.resolve()
    else addition?.reject(new NativeError(errorCode, errorMessage))
  }

  sessionEnded(): void {
    const error = new NativeError('NATIVE_SESSION_CLOSED', 'the session is closed')
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
