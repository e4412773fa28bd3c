// @ts-check
// Started by wrong-arguments.test.ts with few descriptors: opens sessions with ever fewer of them left.
import { closeSync, openSync } from 'node:fs'
import { createNativeSession, parseMagnet } from '../../dist/index.js'

// The addon is loaded while there are enough.
parseMagnet(`magnet:?xt=urn:btih:${'0'.repeat(40)}`)

/** @type {Record<string, number>} */
const outcomes = {}
for (const useHandler of [false, true]) {
  for (let left = 0; left < 24; left++) {
    /** @type {number[]} */
    const taken = []
    try {
      for (;;) taken.push(openSync('/dev/null', 'r'))
    } catch {}
    for (const descriptor of taken.splice(0, left)) closeSync(descriptor)
    let outcome = 'opened'
    try {
      const session = await createNativeSession({
        onAlert: () => {},
        listenInterfaces: '127.0.0.1:0',
        ...(useHandler && { handler: /** @type {any} */ ({}) }),
      })
      await session.close()
    } catch (error) {
      outcome = String(error instanceof Error && 'code' in error ? error.code : error)
    }
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    for (const descriptor of taken) closeSync(descriptor)
  }
}
const last = await createNativeSession({ onAlert: () => {}, listenInterfaces: '127.0.0.1:0' })
await last.close()
console.log(JSON.stringify(outcomes))
