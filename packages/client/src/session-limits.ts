import type { SessionSettings } from '@bae/native'
import type { ClientSession } from './client-session.js'
import { splitRate } from './rate-split.js'
import type { NetworkOptions } from './session-settings.js'

type Limits = Pick<
  NetworkOptions,
  'maxDownloadBytesPerSecond' | 'maxUploadBytesPerSecond' | 'connectionsLimit'
>

/** Divides the limits of a client among its sessions, so that together they keep to them. */
export class SessionLimits {
  #limits: Limits = {}
  /** Since the limits were set last: then each session was told them whole. */
  #given = new WeakMap<ClientSession, SessionSettings>()

  set(limits: Limits): void {
    this.#limits = { ...this.#limits, ...limits }
    this.#given = new WeakMap()
  }

  /** Tells each session its part, where it is another than before. One session alone was told when it began. */
  divide(sessions: readonly ClientSession[]): void {
    if (sessions.length < 2) return
    const { maxDownloadBytesPerSecond = 0, maxUploadBytesPerSecond = 0, connectionsLimit = 0 } = this.#limits
    const rates = sessions.map(movedBy)
    const downloads = splitRate(
      maxDownloadBytesPerSecond,
      rates.map(({ download }) => download),
    )
    const uploads = splitRate(
      maxUploadBytesPerSecond,
      rates.map(({ upload }) => upload),
    )
    const connections = splitRate(
      connectionsLimit,
      sessions.map(({ size }) => size),
    )
    for (const [at, session] of sessions.entries()) {
      this.#tell(session, {
        ...(maxDownloadBytesPerSecond > 0 && { download_rate_limit: downloads[at] ?? 0 }),
        ...(maxUploadBytesPerSecond > 0 && { upload_rate_limit: uploads[at] ?? 0 }),
        ...(connectionsLimit > 0 && { connections_limit: connections[at] ?? 0 }),
      })
    }
  }

  #tell(session: ClientSession, settings: SessionSettings): void {
    const before = this.#given.get(session) ?? {}
    const isSame = Object.entries(settings).every(([name, value]) => before[name] === value)
    if (isSame) return
    session.native.applySettings(settings)
    this.#given.set(session, settings)
  }
}

function movedBy({ torrents }: ClientSession): { readonly download: number; readonly upload: number } {
  let [download, upload] = [0, 0]
  for (const { progress } of torrents) {
    download += progress.status.downloadBytesPerSecond
    upload += progress.status.uploadBytesPerSecond
  }
  return { download, upload }
}
