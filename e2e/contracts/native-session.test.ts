import { FakeSwarm } from '@bae/client/testing'
import { nativeSessionCompliance } from '@bae/native/testing'
import { describe, it } from 'vitest'

// The swarm that the client's tests run on keeps what native promises.
describe('FakeSwarm of @bae/client', () => {
  const swarm = new FakeSwarm()
  nativeSessionCompliance(
    { describe, it },
    {
      createSession: swarm.createSession,
      seed: async ({ torrentFile, bytes }) => swarm.seed(torrentFile, bytes),
    },
  )
})
