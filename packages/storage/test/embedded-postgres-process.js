// One process of a library, for embedded-postgres.test.ts: opens the server when told how, closes it when told so.
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'

const [compiled] = process.argv.slice(2)
const { openEmbeddedPostgres } = await import(pathToFileURL(`${compiled}/embedded-postgres/index.js`).href)

const [{ options, user }] = await once(process, 'message')
// After the modules are loaded, which may lie where this user cannot go.
if (user !== undefined) {
  process.setgroups([])
  process.setgid(user.gid)
  process.setuid(user.uid)
}
try {
  const server = await openEmbeddedPostgres(options)
  process.send({ url: server.url, version: server.version, clusterDirectory: server.clusterDirectory })
  await once(process, 'message')
  await server.close()
  process.send({ closed: true })
} catch (error) {
  process.send({ error: { code: error.code, message: error.message } })
}
process.disconnect()
