// service-member-program.js [LEASE_MS]: one of several services on the library of the environment, without a socket. What it
// is told comes on stdin, one line each; a line of JSON answers. Its log goes to stderr. It ends when stdin does.
import { createInterface } from 'node:readline'
import { type ImportService, readConfig, resolveSource } from '@bae/import-service'
import { loadComposition } from './load-composition.js'
import { peerAddress } from './loopback-client.js'

async function answer(service: ImportService, line: string): Promise<unknown> {
  const [command, ...words] = line.split(' ')
  switch (command) {
    case 'add':
      return await add(service, words)
    case 'start':
      return await service.start()
    case 'limit':
      return await service.setLimits({ activeDownloads: Number(words[0]) })
    case 'running':
      return service.running()
    case 'stop-at':
      return stopAt(words.join(' '))
    default:
      throw new TypeError(`no command: ${line}`)
  }
}

async function add(service: ImportService, [source = '', ...peers]: readonly string[]): Promise<unknown> {
  const resolved = await resolveSource(composition, source)
  return (await service.submit(resolved, { peers: peers.map(peerAddress) })).id
}

/** Stops the process when it comes by that point of a storage, once. */
function stopAt(point: string): void {
  const hooks = globalThis as { [name: symbol]: ((name: string) => void) | undefined }
  const hook = Symbol.for('bae.crashPoint')
  hooks[hook] = (name) => {
    if (name !== point) return
    hooks[hook] = undefined
    process.kill(process.pid, 'SIGSTOP')
  }
}

function tell(level: string) {
  return (fields: object, message: string): void => {
    const plain = (_: string, value: unknown) =>
      value instanceof Error ? { ...value, message: value.message } : value
    process.stderr.write(`${JSON.stringify({ level, message, ...fields }, plain)}\n`)
  }
}

const [, , leaseMs] = process.argv
const composition = await loadComposition()
const service = await composition.openForImport(await readConfig(), {
  ...(leaseMs && { leaseMs: Number(leaseMs) }),
  logger: { debug: () => {}, info: tell('info'), warn: tell('warn'), error: tell('error') },
})
process.stdout.write('"open"\n')
for await (const line of createInterface(process.stdin))
  process.stdout.write(`${JSON.stringify((await answer(service, line)) ?? null)}\n`)
await service.close()
