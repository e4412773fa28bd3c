// Keeps chunks where you like: here as plain files. node:test runs the contract that every chunk store passes on it.
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type ChunkKey, type ChunkStore, isChunkKey, StorageError } from '@bae/storage'
import { chunkStoreCompliance } from '@bae/storage/compliance'

const folder = mkdtempSync(join(tmpdir(), 'bae-example-'))
after(() => rmSync(folder, { recursive: true }))

// #region readme
class PlainFiles implements ChunkStore {
  readonly name = 'plain files'
  readonly #directory = mkdtempSync(join(folder, 'chunks-'))
  #puts = 0
  #isClosed = false

  async put(key: ChunkKey, bytes: Uint8Array, options?: { signal?: AbortSignal }) {
    const path = this.#path(key, options)
    const unfinished = `${path}.${++this.#puts}`
    await writeFile(unfinished, bytes)
    await rename(unfinished, path) // All or nothing is visible.
  }
  async get(key: ChunkKey, options?: Parameters<ChunkStore['get']>[1]) {
    // Absence is an answer. Whatever else goes wrong is not.
    const bytes = await readFile(this.#path(key, options)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    const { offset, length } = options?.range ?? { offset: 0, length: bytes?.length ?? 0 }
    const isInside = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0
    if (!bytes) return undefined
    if (!isInside || offset + length > bytes.length) throw new RangeError('outside the chunk')
    return bytes.subarray(offset, offset + length)
  }
  async has(key: ChunkKey, options?: { signal?: AbortSignal }) {
    return (await this.get(key, options)) !== undefined
  }
  async delete(key: ChunkKey, options?: { signal?: AbortSignal }) {
    await rm(this.#path(key, options), { force: true })
  }
  async *list(prefix: string, options?: { signal?: AbortSignal }) {
    this.#path('', options)
    for (const name of await readdir(this.#directory)) {
      if (isChunkKey(name) && name.startsWith(prefix)) yield name
    }
  }
  async close() {
    this.#isClosed = true
  }
  [Symbol.asyncDispose]() {
    return this.close()
  }
  #path(key: string, options?: { signal?: AbortSignal }) {
    if (this.#isClosed) throw new StorageError('STORAGE_CLOSED', 'the store is closed')
    options?.signal?.throwIfAborted()
    return join(this.#directory, key)
  }
}

chunkStoreCompliance({ describe, it }, { create: async () => new PlainFiles() })
// #endregion
