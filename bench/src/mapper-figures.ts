/** What a process finds that opens one large torrent. */
export interface MapperFigures {
  readonly mapperMs: number
  readonly mapperBytes: number
  readonly openMs: number
  readonly mapNs: number
}
