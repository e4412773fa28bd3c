import { maxTorrentFileBytes } from '../fetch-torrent-file.js'

/**
 * One connection is one request: a line of JSON from the client, then lines of JSON from the service, which closes the
 * connection behind the last one. A client that closes it earlier cancels the request.
 */
export interface ControlRequest {
  readonly method: string
  readonly params?: unknown
}

export type ControlReply =
  | { readonly result: unknown }
  /** One of many; `end` or `error` follow. */
  | { readonly item: unknown }
  | { readonly end: true }
  | { readonly error: { readonly code: string; readonly message: string } }

/** Raised when an older peer could not understand a newer one. */
export const controlProtocol = 1

/** A .torrent file in base64 with all that is said about it. */
export const maxRequestBytes = Math.ceil((maxTorrentFileBytes * 4) / 3) + 1024 * 1024

/** A snapshot lists every file of its torrent. */
export const maxReplyBytes = 256 * 1024 * 1024

export function encodeMessage(message: ControlRequest | ControlReply): string {
  return `${JSON.stringify(message)}\n`
}
