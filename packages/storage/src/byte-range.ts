/** The bytes [offset, offset + length). End-exclusive, as every range here. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}
