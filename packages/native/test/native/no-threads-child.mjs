// @ts-check
// Started by no-threads.test.ts, which takes its memory away: closes a session when there is none for a thread, and once
// more when there is.
import { createNativeSession } from '../../dist/index.js'

const session = await createNativeSession({ onAlert: () => {}, listenInterfaces: '127.0.0.1:0' })

process.on('message', async (message) => {
  if (message === 'close') {
    const refusal = await session.close().catch((error) => error.code)
    process.send?.({ refusal })
  } else {
    // Comes as an alert: the session goes on as if nothing had been asked.
    const { 'net.sent_bytes': sentBytes } = await session.statistics()
    await session.close()
    process.send?.({ sentBytes })
    process.disconnect()
  }
})
process.send?.('open')
