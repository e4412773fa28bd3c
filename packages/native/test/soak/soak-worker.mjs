// A session in a worker that downloads until somebody ends the worker, or until it has all.
import { parentPort, workerData } from 'node:worker_threads'
import { createNativeSession } from '../../dist/index.js'

const { torrentFile, port, settings, sessionOptions } = workerData
parentPort?.postMessage('loaded')
const pieces = new Map()
let session
const finished = new Promise((resolve) => {
  session = createNativeSession({
    ...sessionOptions,
    settings,
    onAlert: ({ type }) => type === 'torrentFinished' && resolve(),
    handler: {
      openStorage: async () => ({}),
      writePiece: async (_index, piece, _offset, bytes) => void pieces.set(piece, bytes.slice()),
      readPiece: async (_index, piece, offset, length) => pieces.get(piece).slice(offset, offset + length),
      completePiece: async () => {},
      clearPiece: async () => {},
      closeStorage: async () => {},
    },
  })
})
const opened = await session
const peers = [{ host: '127.0.0.1', port }]
await opened.addTorrent({ torrentId: 'worker', torrentFile, peers })
await finished
await opened.close()
parentPort?.postMessage('finished')
