import type { TorrentId } from '@bae/storage'
import type { SessionKind } from './client-session.js'
import { ClientError } from './errors.js'
import type { PeerAddress } from './torrent-options.js'
import type { MovedBytes } from './torrent-status.js'
import type { SavedWishes } from './torrent-wishes.js'

/** All that brings a torrent back. Which pieces are there is not in it: the storage says so. */
export interface ResumeRecord {
  readonly kind: SessionKind
  readonly savePath?: string
  readonly wishes: SavedWishes
  /** Payload over all runs. */
  readonly allTime?: MovedBytes
  /** Whom a torrent of the storage 'own' was connected to; libtorrent's resume data has those of the others. */
  readonly knownPeers?: readonly PeerAddress[]
  /** Exactly one of these two. */
  readonly torrentFile?: Uint8Array
  readonly magnetUri?: string
  /** libtorrent's, for torrents that its own disk storage keeps. */
  readonly resumeData?: Uint8Array
}

interface Head extends Omit<ResumeRecord, 'torrentFile' | 'resumeData'> {
  readonly torrentFileBytes?: number
  readonly resumeDataBytes?: number
}

const MAGIC = 'bae-resume-1\n'

/** A line that names the format, a line of JSON, then the bytes that it gives the lengths of. */
export function encodeResumeRecord({ torrentFile, resumeData, ...plain }: ResumeRecord): Uint8Array {
  const head: Head = {
    ...plain,
    ...(torrentFile && { torrentFileBytes: torrentFile.length }),
    ...(resumeData && { resumeDataBytes: resumeData.length }),
  }
  const parts = [Buffer.from(`${MAGIC}${JSON.stringify(head)}\n`), torrentFile, resumeData]
  return Uint8Array.from(Buffer.concat(parts.filter((part) => part !== undefined)))
}

/** Throws CLIENT_INVALID_RESUME_DATA for what no client wrote, or not to its end. */
export function decodeResumeRecord(id: TorrentId, bytes: Uint8Array): ResumeRecord {
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = record.indexOf('\n', MAGIC.length)
  if (!record.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC)) || end < 0) throw invalid(id)
  const {
    torrentFileBytes = 0,
    resumeDataBytes = 0,
    ...plain
  } = readHead(id, record.toString('utf8', MAGIC.length, end))
  const start = end + 1
  if (record.length !== start + torrentFileBytes + resumeDataBytes) throw invalid(id)
  const torrentFile = bytes.slice(start, start + torrentFileBytes)
  const resumeData = bytes.slice(start + torrentFileBytes)
  if ((torrentFileBytes === 0) === (plain.magnetUri === undefined)) throw invalid(id)
  return {
    ...plain,
    ...(torrentFileBytes > 0 && { torrentFile }),
    ...(resumeDataBytes > 0 && { resumeData }),
  }
}

function readHead(id: TorrentId, json: string): Head {
  try {
    const head: Head = JSON.parse(json)
    if (typeof head.wishes === 'object' && head.wishes !== null) return head
  } catch (cause) {
    throw invalid(id, cause)
  }
  throw invalid(id)
}

function invalid(id: TorrentId, cause?: unknown): ClientError {
  const message = `what is kept of torrent ${id} is damaged, or of another version`
  return new ClientError('CLIENT_INVALID_RESUME_DATA', message, cause === undefined ? undefined : { cause })
}
