// @ts-check
// Started by create-torrent.test.ts with a file that takes minutes to read: ends, or is ended, while it is being read.
import { parentPort } from 'node:worker_threads'
import { createTorrentFile } from '../../dist/index.js'

const [, , file = ''] = process.argv
void createTorrentFile(file)
if (parentPort === null) process.exit(7)
parentPort.postMessage('reading')
