import { describe, it } from 'vitest'
import { nodeFileCalls } from '../src/chunk-store/node-file-calls.js'
import { fileCallsCompliance } from '../src/compliance/file-calls.js'

describe('file calls of Node', () => fileCallsCompliance({ describe, it }, nodeFileCalls))
