import { describe, it } from 'vitest'
import { databaseCompliance } from '../src/compliance/database.js'
import { MemoryDatabase } from '../src/memory-database.js'

describe('MemoryDatabase', () => {
  databaseCompliance(
    { describe, it },
    {
      create: async () => new MemoryDatabase(),
      reopen: async (closed) => MemoryDatabase.reopen(closed as MemoryDatabase),
    },
  )
})
