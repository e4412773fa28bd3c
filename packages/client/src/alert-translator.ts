import type { NativeAlert, TorrentDetails } from '@bae/native'

/** What an alert means for one torrent. */
export type TorrentAlertMeaning =
  | { readonly kind: 'hashFailed'; readonly handle: number; readonly piece: number }
  /** A call to the storage failed. Whether the torrent stops is in its status. */
  | { readonly kind: 'storageFailed'; readonly handle: number; readonly error: Error }
  /** Every piece was compared with its hash. */
  | { readonly kind: 'checked'; readonly handle: number }
  /** libtorrent has the piece, which is news where no storage of ours tells of it. */
  | { readonly kind: 'pieceFinished'; readonly handle: number }
  /** A peer came or went, of which libtorrent's updates do not tell. */
  | { readonly kind: 'peersChanged'; readonly handle: number }
  /** It had all that was wanted, or was checked, and fetches now. */
  | { readonly kind: 'fetchesAgain'; readonly handle: number }
  /** The torrent's status is not what it was: to be read anew. */
  | { readonly kind: 'statusChanged'; readonly handle: number }

/** What an alert means for the client. Pieces are never counted because of one. */
export type AlertMeaning =
  | TorrentAlertMeaning
  | {
      readonly kind: 'listenFailed'
      readonly address: string
      readonly port: number
      readonly message: string
    }
  /** These changed since they were asked for last. */
  | { readonly kind: 'updated'; readonly torrents: readonly TorrentDetails[] }
  /** Alerts were lost: every status is to be read anew. */
  | { readonly kind: 'alertsDropped' }

/** Undefined for alerts that change nothing here. */
export function translateAlert(alert: NativeAlert): AlertMeaning | undefined {
  switch (alert.type) {
    case 'hashFailed':
      return { kind: 'hashFailed', handle: alert.handle, piece: alert.piece }
    case 'storageError':
      return { kind: 'storageFailed', handle: alert.handle, error: storageErrorOf(alert) }
    case 'torrentError':
    case 'torrentPaused':
    case 'torrentResumed':
    case 'torrentFinished':
    case 'metadataReceived':
      return { kind: 'statusChanged', handle: alert.handle }
    case 'stateChanged':
      return fetchesAgain(alert) ? { kind: 'fetchesAgain', handle: alert.handle } : undefined
    case 'peerConnected':
    case 'peerDisconnected':
      return { kind: 'peersChanged', handle: alert.handle }
    case 'torrentsUpdated':
      return { kind: 'updated', torrents: alert.torrents }
    case 'torrentChecked':
      return { kind: 'checked', handle: alert.handle }
    case 'pieceFinished':
      return { kind: 'pieceFinished', handle: alert.handle }
    case 'listenFailed':
      return { kind: 'listenFailed', address: alert.address, port: alert.port, message: alert.message }
    case 'alertsDropped':
      return { kind: 'alertsDropped' }
    default:
      return undefined
  }
}

function fetchesAgain(alert: NativeAlert & { readonly type: 'stateChanged' }): boolean {
  return (
    alert.state === 'downloading' && ['finished', 'seeding', 'checkingFiles'].includes(alert.previousState)
  )
}

/** The storage's own error where native could carry it, else one that says what libtorrent saw. */
function storageErrorOf(alert: NativeAlert & { readonly type: 'storageError' }): Error {
  if (alert.cause instanceof Error) return alert.cause
  const error = new Error(alert.message, alert.cause === undefined ? undefined : { cause: alert.cause })
  return Object.assign(error, { code: alert.code })
}
