import { createCipheriv } from 'node:crypto'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const mebibyte = 1024 * 1024

/** A file or folder to be seeded: `path` is what a .torrent is made of, `folder` is where it lies. */
export interface Payload {
  readonly folder: string
  readonly name: string
  readonly path: string
  readonly totalBytes: number
}

/** Bytes that look random and are the same at every run: the key stream of AES in counter mode. */
export class PseudoRandomBytes {
  readonly #cipher: ReturnType<typeof createCipheriv>

  constructor(seed: string) {
    const key = new Uint8Array(16)
    new TextEncoder().encodeInto(seed, key)
    this.#cipher = createCipheriv('aes-128-ctr', key, new Uint8Array(16))
  }

  next(lengthBytes: number): Uint8Array {
    return this.#cipher.update(new Uint8Array(lengthBytes))
  }
}

export async function writePseudoRandomFile(path: string, lengthBytes: number, seed: string): Promise<void> {
  const bytes = new PseudoRandomBytes(seed)
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, 'wx')
  try {
    for (let left = lengthBytes; left > 0; left -= mebibyte)
      await file.write(bytes.next(Math.min(left, mebibyte)))
  } finally {
    await file.close()
  }
}

export async function makeFilePayload(
  folder: string,
  totalBytes: number,
  name = 'single file.bin',
): Promise<Payload> {
  const path = join(folder, name)
  await writePseudoRandomFile(path, totalBytes, name)
  return { folder, name, path, totalBytes }
}

const folderNames = ['', 'plain', 'with a space', 'Ünïcode/日本語', 'a/b/c/d', 'Ελληνικά и русский']
const fileNames = ['track', 'two words', 'naïve café', '写真', 'Δοκιμή', "it's 100% [ok] & #1"]

/** Sizes that meet every edge: empty, one byte, around a block, around a chunk, and odd ones between. */
function treeFileBytes(index: number): number {
  const edges = [0, 1, 16_383, 16_384, 16_385, 0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 3 * mebibyte + 7]
  return edges[index] ?? (index % 10 === 0 ? 0 : index % 10 === 5 ? 1 : (index * 7_919_417) % 350_003)
}

/** A tree of files of odd sizes, with empty and one-byte ones, spaces and letters beyond ASCII. */
export async function makeTreePayload(folder: string, files = 300): Promise<Payload> {
  const name = `Trée of ${files} files`
  const bytes = new PseudoRandomBytes(name)
  let totalBytes = 0
  for (let index = 0; index < files; index += 1) {
    const lengthBytes = treeFileBytes(index)
    const below = folderNames[index % folderNames.length] ?? ''
    const path = join(folder, name, below, `${fileNames[index % fileNames.length]} ${index}.dat`)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, bytes.next(lengthBytes), { flag: 'wx' })
    totalBytes += lengthBytes
  }
  return { folder, name, path: join(folder, name), totalBytes }
}
