import { EntitySchema } from 'typeorm/entity-schema/EntitySchema.js'

export interface TorrentRow {
  readonly id: string
  readonly infoHashV1: Uint8Array | null
  readonly infoHashV2: Uint8Array | null
  readonly layout: Uint8Array
  readonly infoSection: Uint8Array
  readonly pieceHashesV1: Uint8Array | null
  readonly pieceHashesV2: Uint8Array | null
  readonly pieceCount: number
  readonly chunkSizeBytes: number
  /** A bigint: pg gives it as decimal digits. */
  readonly addedAtMs: string
  readonly bootId: string | null
  readonly pinCount: number
  readonly fence: string | null
}

export const torrentEntity = new EntitySchema<TorrentRow>({
  name: 'torrent',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'torrent_pkey' },
    infoHashV1: { type: 'bytea', name: 'info_hash_v1', nullable: true },
    infoHashV2: { type: 'bytea', name: 'info_hash_v2', nullable: true },
    layout: { type: 'bytea' },
    infoSection: { type: 'bytea', name: 'info_section' },
    pieceHashesV1: { type: 'bytea', name: 'piece_hashes_v1', nullable: true },
    pieceHashesV2: { type: 'bytea', name: 'piece_hashes_v2', nullable: true },
    pieceCount: { type: 'integer', name: 'piece_count' },
    chunkSizeBytes: { type: 'integer', name: 'chunk_size_bytes' },
    addedAtMs: { type: 'bigint', name: 'added_at_ms' },
    bootId: { type: 'text', name: 'boot_id', nullable: true },
    pinCount: { type: 'integer', name: 'pin_count', default: 0 },
    fence: { type: 'bigint', nullable: true },
  },
  uniques: [
    { name: 'torrent_info_hash_v1_key', columns: ['infoHashV1'] },
    { name: 'torrent_info_hash_v2_key', columns: ['infoHashV2'] },
  ],
})

export const haveSegmentEntity = segmentEntity('have_segment')
export const flushedSegmentEntity = segmentEntity('flushed_segment')

export const packedKeysEntity = new EntitySchema({
  name: 'packed_keys',
  columns: {
    torrentId: {
      type: 'uuid',
      name: 'torrent_id',
      primary: true,
      primaryKeyConstraintName: 'packed_keys_pkey',
    },
    part: { type: 'integer', primary: true, primaryKeyConstraintName: 'packed_keys_pkey' },
    keys: { type: 'bytea' },
  },
  foreignKeys: [torrentKey('packed_keys')],
})

export const chunkEntity = new EntitySchema({
  name: 'chunk',
  columns: {
    key: { type: 'bytea', primary: true, primaryKeyConstraintName: 'chunk_pkey' },
    lengthBytes: { type: 'integer', name: 'length_bytes' },
    referenceCount: { type: 'integer', name: 'reference_count' },
    lastUsed: { type: 'integer', name: 'last_used', nullable: true },
    pins: { type: 'integer', nullable: true },
    place: { type: 'smallint', nullable: true },
  },
  checks: [
    { name: 'chunk_reference_count_check', expression: 'reference_count >= 0' },
    { name: 'chunk_pins_check', expression: 'pins > 0' },
  ],
  indices: [
    { name: 'chunk_evictable', columns: ['lastUsed'], where: 'place = 1 AND pins IS NULL' },
    { name: 'chunk_not_remote', columns: ['place'], where: 'place IS NULL' },
    { name: 'chunk_unreferenced', columns: ['key'], where: 'reference_count = 0' },
  ],
})

export const pinEntity = new EntitySchema({
  name: 'pin',
  columns: {
    target: { type: 'bytea', primary: true, primaryKeyConstraintName: 'pin_pkey' },
    reason: { type: 'text', primary: true, primaryKeyConstraintName: 'pin_pkey' },
    count: { type: 'integer' },
  },
  checks: [{ name: 'pin_count_check', expression: 'count > 0' }],
})

/** A single row. */
export const cacheUsageEntity = new EntitySchema({
  name: 'cache_usage',
  columns: {
    id: { type: 'smallint', primary: true, primaryKeyConstraintName: 'cache_usage_pkey' },
    localBytes: { type: 'bigint', name: 'local_bytes' },
    awayBytes: { type: 'bigint', name: 'away_bytes' },
  },
  checks: [
    { name: 'cache_usage_local_check', expression: 'local_bytes >= 0' },
    { name: 'cache_usage_away_check', expression: 'away_bytes >= 0' },
  ],
})

export const storedFileEntity = new EntitySchema({
  name: 'stored_file',
  columns: {
    torrentId: {
      type: 'uuid',
      name: 'torrent_id',
      primary: true,
      primaryKeyConstraintName: 'stored_file_pkey',
    },
    firstOrdinal: {
      type: 'integer',
      name: 'first_ordinal',
      primary: true,
      primaryKeyConstraintName: 'stored_file_pkey',
    },
    root: { type: 'bytea' },
  },
  foreignKeys: [torrentKey('stored_file')],
  indices: [{ name: 'stored_file_root', columns: ['root'] }],
})

export const entities = [
  torrentEntity,
  haveSegmentEntity,
  flushedSegmentEntity,
  packedKeysEntity,
  chunkEntity,
  pinEntity,
  cacheUsageEntity,
  storedFileEntity,
]

/** Bits of pieces in segments: see torrent-places. */
function segmentEntity(name: string) {
  const primaryKeyConstraintName = `${name}_pkey`
  return new EntitySchema({
    name,
    columns: {
      torrentId: { type: 'uuid', name: 'torrent_id', primary: true, primaryKeyConstraintName },
      segment: { type: 'integer', primary: true, primaryKeyConstraintName },
      bits: { type: 'bytea' },
    },
    foreignKeys: [torrentKey(name)],
  })
}

function torrentKey(table: string) {
  return {
    name: `${table}_torrent_fkey`,
    target: 'torrent',
    columnNames: ['torrentId'],
    referencedColumnNames: ['id'],
    onDelete: 'CASCADE' as const,
  }
}
