import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sampleRecord } from '../src/compliance/database-samples.js'
import { openTypeOrmDatabase } from '../src/typeorm/index.js'
import { hasOpenssl, TestAuthority } from './made-certificates.js'
import { ThrowawayServer } from './throwaway-server.js'

const password = 'secret-word'
const opensslIsThere = await hasOpenssl()

let server: ThrowawayServer
let port: number
let authority: TestAuthority
let stranger: TestAuthority

/** Not one of those that Linux gives to whoever asks for any: it may be taken before the server has it. */
async function freePort(): Promise<number> {
  const chosen = randomInt(10_000, 32_768)
  const listening = createServer().listen(chosen, '127.0.0.1')
  const isFree = await once(listening, 'listening').then(
    () => true,
    () => false,
  )
  if (!isFree) return await freePort()
  listening.close()
  await once(listening, 'close')
  return chosen
}

async function switchTls(value: 'on' | 'off'): Promise<void> {
  await server.query(`ALTER SYSTEM SET ssl = ${value}`)
  await server.restart()
}

beforeAll(async () => {
  if (!opensslIsThere) return
  server = await ThrowawayServer.make()
  const { directory, data } = server
  authority = await TestAuthority.make(directory, 'authority')
  stranger = await TestAuthority.make(directory, 'stranger')
  const { certificate, key } = await authority.sign('localhost')
  const rules = ['local all all trust', 'hostssl all robot all cert', 'hostssl all all all scram-sha-256']
  await writeFile(join(data, 'pg_hba.conf'), `${rules.join('\n')}\n`)
  port = await freePort()
  await server.start({
    port: `${port}`,
    listen_addresses: '127.0.0.1',
    ssl_cert_file: certificate,
    ssl_key_file: key,
    ssl_ca_file: authority.certificate,
  })
  await switchTls('on')
  await server.query(
    `CREATE ROLE person SUPERUSER LOGIN PASSWORD '${password}'; CREATE ROLE robot SUPERUSER LOGIN`,
  )
})

afterAll(async () => {
  if (opensslIsThere) await server.remove()
})

beforeEach((context) => context.skip(!opensslIsThere, 'needs openssl'))

function address(
  parameters: Readonly<Record<string, string>>,
  { host = 'localhost', user = `person:${password}` } = {},
): string {
  return `postgres://${user}@${host}:${port}/postgres?${new URLSearchParams(parameters)}`
}

/** Opens it, and asks the server how it is spoken to. */
async function versionOfTls(url: string): Promise<string | null> {
  await using database = await openTypeOrmDatabase({ url, schema: 'bae' })
  await database.saveTorrent(sampleRecord(2))
  const [row] = await server.query<{ version: string | null }>(
    `SELECT version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'bae' LIMIT 1`,
  )
  return row?.version ?? null
}

async function refusal(url: string): Promise<Error & { code: string }> {
  const opening = openTypeOrmDatabase({ url, schema: 'bae' })
  const error = await opening.then(
    () => undefined,
    (reason: unknown) => reason as Error & { code: string },
  )
  if (error === undefined) throw new Error('it opened')
  const said = [error, error.cause].map((one) => (one instanceof Error ? `${one.message} ${one.stack}` : ''))
  expect(said.join()).not.toContain(password)
  return error
}

describe('a server that speaks TLS', () => {
  it('is spoken to privately with sslmode=require, whoever signed its certificate', async () => {
    expect(await versionOfTls(address({ sslmode: 'require' }))).toMatch(/^TLSv1/)
  })

  it('is known by its authority and its name with sslmode=verify-full', async () => {
    const url = address({ sslmode: 'verify-full', sslrootcert: authority.certificate })
    expect(await versionOfTls(url)).toMatch(/^TLSv1/)
  })

  it('is known by its authority alone with sslmode=verify-ca', async () => {
    const url = address({ sslmode: 'verify-ca', sslrootcert: authority.certificate }, { host: '127.0.0.1' })
    expect(await versionOfTls(url)).toMatch(/^TLSv1/)
  })

  it('knows a client by its certificate', async () => {
    const { certificate, key } = await authority.sign('robot')
    const files = { sslrootcert: authority.certificate, sslcert: certificate, sslkey: key }
    expect(await versionOfTls(address({ sslmode: 'verify-full', ...files }, { user: 'robot' }))).toMatch(
      /^TLSv1/,
    )
    const without = { sslmode: 'verify-full', sslrootcert: authority.certificate }
    expect(await refusal(address(without, { user: 'robot' }))).toMatchObject({
      code: 'STORAGE_DATABASE',
      message: expect.stringContaining('certificate'),
    })
  })

  it.each(['verify-full', 'verify-ca'])(
    'is refused with sslmode=%s where another authority is expected',
    async (sslmode) => {
      expect(await refusal(address({ sslmode, sslrootcert: stranger.certificate }))).toMatchObject({
        code: 'STORAGE_DATABASE',
        message: expect.stringContaining('sslrootcert'),
      })
    },
  )

  it('is refused under a name that its certificate does not have', async () => {
    const url = address({ sslmode: 'verify-full', sslrootcert: authority.certificate }, { host: '127.0.0.1' })
    expect(await refusal(url)).toMatchObject({
      code: 'STORAGE_DATABASE',
      message: expect.stringContaining("the server's certificate is for another host"),
    })
  })

  it('is refused where the file of the authority is missing, or the password is wrong', async () => {
    const missing = join(server.directory, 'missing.crt')
    expect(await refusal(address({ sslmode: 'verify-full', sslrootcert: missing }))).toMatchObject({
      code: 'STORAGE_DATABASE',
      message: expect.stringContaining(missing),
    })
    const wrong = address({ sslmode: 'require' }, { user: 'person:wrong-word' })
    expect(await refusal(wrong)).toMatchObject({ code: 'STORAGE_DATABASE', cause: { code: '28P01' } })
  })

  it('answers nobody without TLS when it is told so', async () => {
    expect(await refusal(address({ sslmode: 'disable' }))).toMatchObject({
      code: 'STORAGE_DATABASE',
      cause: { code: '28000' },
    })
  })

  it('that has none is refused where it is asked for', async () => {
    await switchTls('off')
    expect(await refusal(address({ sslmode: 'require' }))).toMatchObject({
      code: 'STORAGE_DATABASE',
      message: expect.stringContaining('does not support SSL'),
    })
  })
})
