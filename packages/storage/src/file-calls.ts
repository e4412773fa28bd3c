/** What a chunk store asks of the system to have a file written, read and renamed. Errors are those of Node's `fs`. */
export interface FileCalls {
  /**
   * Writes `bytes`, lent until the call has settled, at `offset` of the file, which is made when it is missing; its
   * folder is not. All of them, where it is not direct. With `isDirect` they go past the page cache, in one write: the
   * result says how many went, and EINVAL comes with the `syscall` 'open' where the file system wants no direct writes,
   * with another one where bytes or offset are not aligned.
   */
  write(path: string, offset: number, bytes: Uint8Array, isDirect: boolean): Promise<number>
  /** Fills `into`, which is lent in the same way, from `offset` of the file on: fewer bytes only where it ends before. */
  read(path: string, offset: number, into: Uint8Array): Promise<number>
  /** False, and nothing changed, where there is a `to`. */
  renameUnlessThere(from: string, to: string): Promise<boolean>
}
