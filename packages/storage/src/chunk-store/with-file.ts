import fs from 'node:fs'
import { isAbsent } from '../io-error.js'

/** Ends the work on a file: with an error, or with what it came to. */
export type Done<T> = (error: Error | null, value: T) => void

/**
 * Opens the file, lets `work` have its descriptor until it is done, and closes it, whatever happens. One promise
 * over callbacks: with a FileHandle each of these steps makes objects and promises of its own, which for a chunk of
 * 256 KiB is as much CPU as the kernel takes.
 */
export function withFile<T>(
  path: string,
  flags: string | number,
  work: (descriptor: number, done: Done<T>) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, (openError, descriptor) => {
      if (openError !== null) return reject(openError)
      const done: Done<T> = (error, value) => {
        fs.close(descriptor, (closeError) => {
          const failure = error ?? closeError ?? undefined
          if (failure === undefined) resolve(value)
          else reject(failure)
        })
      }
      // What is thrown in a callback would reach nobody, and end the process.
      try {
        work(descriptor, done)
      } catch (error) {
        fs.close(descriptor, () => reject(error))
      }
    })
  })
}

/** Whether there is such a file. Rejects when that cannot be known. */
export function isThere(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    fs.stat(path, (error) => {
      if (error === null || isAbsent(error)) resolve(error === null)
      else reject(error)
    })
  })
}

/** Of the file, in bytes. */
export function lengthOf(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.stat(path, (error, stats) => {
      if (error === null) resolve(stats.size)
      else reject(error)
    })
  })
}
