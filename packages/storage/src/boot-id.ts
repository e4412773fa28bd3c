import { readFile } from 'node:fs/promises'

let bootId: Promise<string | undefined> | undefined

/**
 * Differs between two boots of the machine: what the page cache held in one is gone in the next.
 * `undefined` where this system does not tell, which must be taken for another boot. No process lives longer than a boot,
 * so it is read once, however many torrents are opened.
 */
export function readBootId(): Promise<string | undefined> {
  bootId ??= read()
  return bootId
}

async function read(): Promise<string | undefined> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  } catch {
    // Only Linux has it; whatever else keeps it from being read, the answer is the careful one.
    return undefined
  }
}
