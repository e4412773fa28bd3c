import assert from 'node:assert/strict'
import { sameBytes } from './expectations.js'

/** Memory to lend for an answer, with bytes around it that are nobody's to write. */
export class Lent {
  readonly into: Uint8Array
  readonly #memory: Uint8Array

  constructor(length: number) {
    this.#memory = new Uint8Array(length + 2).fill(0xaa)
    this.into = this.#memory.subarray(1, length + 1)
  }

  /** The answer is right, and is the memory itself or shares nothing with it. */
  sameBytes(answer: Uint8Array | undefined, expected: Uint8Array): void {
    sameBytes(answer, expected, 'read into lent memory')
    assert.ok(answer === this.into || answer?.buffer !== this.into.buffer)
    assert.deepEqual([this.#memory.at(0), this.#memory.at(-1)], [0xaa, 0xaa])
  }
}
