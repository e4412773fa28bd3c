import type { TorrentId } from '@bae/storage'
import { EntitySchema } from 'typeorm/entity-schema/EntitySchema.js'
import { dueAtMs, type ImportRecord } from '../import-database.js'
import type { ImportState } from '../import-state.js'
import { readWish } from '../wish-text.js'

/** What nobody searches for. */
type Details = Pick<
  ImportRecord,
  'name' | 'selectedFiles' | 'size' | 'goal' | 'pause' | 'retry' | 'peers' | 'choose' | 'magnetUri' | 'error'
>

export interface ImportRow {
  readonly id: string
  readonly infoHashV1: Uint8Array | null
  readonly infoHashV2: Uint8Array | null
  readonly state: string
  /** A bigint: pg gives it as decimal digits. */
  readonly addedAtMs: string
  readonly completedAtMs: string | null
  readonly transferSeconds: number | null
  readonly details: Details
  /** What `dueAtMs` says. */
  readonly dueAtMs: string | null
  /** JSON. Whoever saves a record leaves it. */
  readonly wish: string | null
  /** Left out where rows are listed. */
  readonly torrentFile?: Uint8Array | null
}

export const importEntity = new EntitySchema<ImportRow & { owner: string | null; token: string }>({
  name: 'import',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'import_pkey' },
    infoHashV1: { type: 'bytea', name: 'info_hash_v1', nullable: true },
    infoHashV2: { type: 'bytea', name: 'info_hash_v2', nullable: true },
    state: { type: 'text' },
    addedAtMs: { type: 'bigint', name: 'added_at_ms' },
    completedAtMs: { type: 'bigint', name: 'completed_at_ms', nullable: true },
    transferSeconds: { type: 'double precision', name: 'transfer_seconds', nullable: true },
    details: { type: 'json' },
    torrentFile: { type: 'bytea', name: 'torrent_file', nullable: true, select: false },
    dueAtMs: { type: 'bigint', name: 'due_at_ms', nullable: true },
    wish: { type: 'text', nullable: true },
    // Whose it is: written by claims alone.
    owner: { type: 'uuid', nullable: true, select: false },
    token: { type: 'bigint', default: 0, select: false },
  },
  indices: [{ name: 'import_due', columns: ['state', 'dueAtMs', 'addedAtMs'] }],
  uniques: [
    { name: 'import_info_hash_v1_key', columns: ['infoHashV1'] },
    { name: 'import_info_hash_v2_key', columns: ['infoHashV2'] },
  ],
})

/** Those of an `ImportRow`. */
export const importColumns = Object.entries(importEntity.options.columns)
  .filter(([key]) => key !== 'owner' && key !== 'token')
  .map(([key, options]) => ({ column: options?.name ?? key, as: key as keyof ImportRow }))

export function importRow(record: ImportRecord): Omit<ImportRow, 'wish'> {
  return {
    id: record.id,
    infoHashV1: hashBytes(record.infoHashV1),
    infoHashV2: hashBytes(record.infoHashV2),
    state: record.state,
    addedAtMs: record.addedAtMs.toString(),
    completedAtMs: record.completedAtMs?.toString() ?? null,
    transferSeconds: record.transferSeconds ?? null,
    details: detailsOf(record),
    dueAtMs: dueAtMs(record)?.toString() ?? null,
    // A copy: the caller may have its bytes back before they are sent.
    torrentFile: record.torrentFile === undefined ? null : Buffer.from(record.torrentFile),
  }
}

export function importRecord(row: ImportRow): ImportRecord {
  return {
    id: row.id as TorrentId,
    state: row.state as ImportState,
    addedAtMs: Number(row.addedAtMs),
    ...row.details,
    ...(row.infoHashV1 === null ? {} : { infoHashV1: hashText(row.infoHashV1) }),
    ...(row.infoHashV2 === null ? {} : { infoHashV2: hashText(row.infoHashV2) }),
    ...(row.completedAtMs === null ? {} : { completedAtMs: Number(row.completedAtMs) }),
    ...(row.transferSeconds === null ? {} : { transferSeconds: row.transferSeconds }),
    ...(row.wish === null ? {} : { wish: readWish(row.wish) }),
    ...(row.torrentFile == null ? {} : { torrentFile: plainBytes(row.torrentFile) }),
  }
}

function detailsOf(record: ImportRecord): Details {
  const { name, selectedFiles, size, goal, pause, retry, peers, choose, magnetUri, error } = record
  return {
    ...(name === undefined ? {} : { name }),
    ...(selectedFiles === undefined ? {} : { selectedFiles }),
    ...(size === undefined ? {} : { size }),
    ...(goal === undefined ? {} : { goal }),
    ...(pause === undefined ? {} : { pause }),
    ...(retry === undefined ? {} : { retry }),
    ...(peers === undefined ? {} : { peers: peers.map(({ host, port }) => ({ host, port })) }),
    ...(choose === undefined ? {} : { choose }),
    ...(magnetUri === undefined ? {} : { magnetUri }),
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
  }
}

function hashBytes(infoHash: string | undefined): Uint8Array | null {
  return infoHash === undefined ? null : Buffer.from(infoHash, 'hex')
}

function hashText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** A view on what pg made, which is a Buffer and so larger than our signatures say. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
