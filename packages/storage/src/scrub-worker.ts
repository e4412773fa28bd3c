import { parentPort } from 'node:worker_threads'
import { type HashJob, ScrubHasher } from './scrub-hasher.js'

/** The thread of one lane of a scrub: jobs come in, answers go out in the same order. */
const hasher = new ScrubHasher()
parentPort?.on('message', (job: HashJob) => parentPort?.postMessage(hasher.hash(job)))
