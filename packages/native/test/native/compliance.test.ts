import { describe, it } from 'vitest'
import { createNativeSession } from '../../src/index.js'
import { nativeSessionCompliance } from '../../src/testing/native-compliance.js'
import { seedFromFile } from './files-seed.js'

nativeSessionCompliance({ describe, it }, { createSession: createNativeSession, seed: seedFromFile })
