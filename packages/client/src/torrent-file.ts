import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import type { AbortOptions, FileLayout } from '@bae/storage'
import { type StreamOptions, type StreamSource, streamFile } from './file-stream.js'
import type { FilePriority } from './file-wishes.js'

export interface TorrentFileDeps extends StreamSource {
  completedBytes(fileIndex: number): number
  priorityOf(fileIndex: number): number
  select(fileIndex: number, priority: FilePriority): void
  whenFile(fileIndex: number, options?: AbortOptions): Promise<void>
}

/** A file of a torrent. */
export class TorrentFile {
  /** Its place in the torrent's own list, padding counted: what `select` and `readFile` take. */
  readonly index: number
  /** Components below the torrent's folder, as the torrent names them: not yet safe as a path of yours. */
  readonly path: readonly string[]
  readonly lengthBytes: number
  readonly #deps: TorrentFileDeps

  constructor(deps: TorrentFileDeps, layout: FileLayout) {
    this.#deps = deps
    this.index = layout.index
    this.path = layout.path
    this.lengthBytes = layout.lengthBytes
  }

  /** The last component of its path. */
  get name(): string {
    return this.path.at(-1) ?? ''
  }

  /** Bytes of it that are in completed pieces. */
  get completedBytes(): number {
    return this.#deps.completedBytes(this.index)
  }

  /** From 0 to 1. */
  get progress(): number {
    return this.lengthBytes === 0 ? 1 : this.completedBytes / this.lengthBytes
  }

  /** From 0, which is not fetched, over 4, the usual, to 7. */
  get priority(): number {
    return this.#deps.priorityOf(this.index)
  }

  select(priority: FilePriority = 'normal'): void {
    this.#deps.select(this.index, priority)
  }

  deselect(): void {
    this.#deps.select(this.index, 'skip')
  }

  /** Every piece of it is completed. */
  whenCompleted(options?: AbortOptions): Promise<void> {
    return this.#deps.whenFile(this.index, options)
  }

  /**
   * Its bytes in order, while they are still fetched: the pieces ahead of the reader come first, as far as
   * `readAheadBytes`. Several at once are fine; to seek, leave the loop and begin another. Works for a file that is not
   * selected too. A failed read throws in the loop and never ends it; an aborted signal throws its reason.
   */
  stream(options?: StreamOptions): AsyncIterable<Uint8Array> {
    return streamFile(this.#deps, this.index, options)
  }

  /** `stream` as a web stream, for a Response. Cancelling it ends what it waits for. */
  webStream(options: StreamOptions = {}): ReadableStream<Uint8Array> {
    const { iterator, abort } = this.#abortable(options)
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await iterator.next()
          if (done) controller.close()
          else controller.enqueue(value)
        },
        async cancel(reason) {
          abort(reason)
          await iterator.return(undefined)
        },
      },
      { highWaterMark: 0 },
    )
  }

  /** `stream` as a Node stream, for a `pipeline`. Destroying it ends what it waits for. */
  nodeStream(options: StreamOptions = {}): Readable {
    const { iterator, abort } = this.#abortable(options)
    return new Readable({
      read() {
        iterator.next().then(
          ({ done, value }) => this.push(done ? null : value),
          (error) => this.destroy(error),
        )
      },
      destroy(error, callback) {
        abort(error)
        const end = () => callback(error)
        iterator.return(undefined).then(end, end)
      },
    })
  }

  #abortable(options: StreamOptions) {
    const aborter = new AbortController()
    const signal = AbortSignal.any([aborter.signal, ...(options.signal ? [options.signal] : [])])
    const iterator = streamFile(this.#deps, this.index, { ...options, signal })
    return { iterator, abort: (reason: unknown) => aborter.abort(reason) }
  }
}
