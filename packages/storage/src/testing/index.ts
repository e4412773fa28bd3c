export { FaultyChunkStore } from './faulty-chunk-store.js'
export { InterceptedChunkStore, type Interceptor, type StoreOperation } from './intercepted-chunk-store.js'
export { PowerCutChunkStore } from './power-cut-chunk-store.js'
export { SlowChunkStore } from './slow-chunk-store.js'
