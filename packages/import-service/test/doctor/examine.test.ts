import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formatItem } from '../../src/cli/doctor-command.js'
import type { Composition, DatabaseFacts } from '../../src/composition.js'
import type { Config } from '../../src/config/config.js'
import type { ResolvedConfig } from '../../src/config/read-config.js'
import type { DoctorItem } from '../../src/doctor/doctor-item.js'
import { examine } from '../../src/doctor/examine.js'
import { type Machine, thisMachine } from '../../src/doctor/machine.js'
import { openLibraryFolder } from '../../src/library/library-folder.js'
import { refuseOldNode } from '../../src/oldest-node.js'
import { CapturedOutput } from '../support/captured-output.js'
import { TemporaryFolder } from '../support/temporary-folder.js'
import { testConfig } from '../support/test-config.js'

const sound: Machine = {
  nodeVersion: 'v20.19.0',
  platform: 'linux x64',
  isUtf8: true,
  nowMs: Date.now() + 1_000,
  openFilesLimit: async () => 4096,
  fileSystemOf: async () => ({ type: 0xef53, freeBytes: 2 ** 40, freeFiles: 2 ** 20 }),
  takesDirectWrites: async () => true,
}
const facts: DatabaseFacts = { kind: 'embedded', place: '/library/postgres', serverVersion: '18.4' }

/** What is not as it should be. */
interface Trouble {
  readonly machine?: Partial<Machine>
  readonly config?: Partial<Config>
  readonly settings?: Error
  readonly compose?: () => Promise<Composition>
  readonly libtorrentVersion?: () => Promise<string>
  readonly database?: () => Promise<DatabaseFacts>
}

let folder: TemporaryFolder
let library: string

beforeEach(async () => {
  folder = await TemporaryFolder.create()
  library = join(folder.path, 'library')
  await openLibraryFolder(library)
})

afterEach(() => folder[Symbol.asyncDispose]())

async function look({ machine, config, settings, compose, libtorrentVersion, database }: Trouble = {}) {
  const composition = {
    libtorrentVersion: libtorrentVersion ?? (async () => '2.0.8.0'),
    inspectDatabase: database ?? (async () => facts),
  } as Partial<Composition> as Composition
  const resolved: ResolvedConfig = {
    config: await testConfig(library, { listenInterfaces: '127.0.0.1:0', ...config }),
    origins: new Map(),
    file: { path: join(folder.path, 'bae.yaml'), isThere: false },
    unknownVariables: [],
  }
  return await examine({
    compose: compose ?? (async () => composition),
    settings: settings ?? resolved,
    version: '1.2.3',
    machine: { ...sound, ...machine },
  })
}

/** The only item that is not in order. */
async function complaint(trouble: Trouble): Promise<DoctorItem> {
  const items = (await look(trouble)).filter(({ status }) => status !== 'ok')
  expect(items).toHaveLength(1)
  const [item] = items
  if (item === undefined) throw new Error('nothing was found')
  return item
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code, [Symbol.for('bae.error')]: true })
}

const rejecting = (error: Error) => async () => {
  throw error
}

it('finds nothing where all is well', async () => {
  const items = await look()
  expect(items.filter(({ status }) => status !== 'ok')).toEqual([])
  expect(items.map(({ name }) => name)).toEqual([
    'bae',
    'node',
    'libtorrent',
    'settings',
    'library',
    'file system',
    'free space',
    'database',
    'port',
    'clock',
    'open files',
    'locale',
  ])
})

const cases: readonly (readonly [string, Trouble, DoctorItem['status'], string, RegExp, RegExp])[] = [
  [
    'a Node that is too old',
    { machine: { nodeVersion: 'v18.20.4' } },
    'fail',
    'node',
    /v18.20.4/,
    /Node.js 20.19/,
  ],
  [
    'an addon that is missing',
    { libtorrentVersion: rejecting(failure('NATIVE_BINDING_NOT_FOUND', 'no addon could be loaded')) },
    'fail',
    'libtorrent',
    /no addon/,
    /npm rebuild @bae\/native/,
  ],
  [
    'an old libtorrent',
    { libtorrentVersion: async () => '1.2.19.0' },
    'fail',
    'libtorrent',
    /1\.2\.19/,
    /2\.0\.8/,
  ],
  [
    'a newer libtorrent',
    { libtorrentVersion: async () => '2.0.11.0' },
    'warn',
    'libtorrent',
    /2\.0\.11/,
    /2\.0\.8/,
  ],
  [
    'a file system in memory',
    { machine: { fileSystemOf: async () => ({ type: 0x01021994, freeBytes: 2 ** 40 }) } },
    'warn',
    'file system',
    /tmpfs/,
    /--library/,
  ],
  [
    'a file system of the network',
    { machine: { fileSystemOf: async () => ({ type: 0x6969, freeBytes: 2 ** 40 }) } },
    'warn',
    'file system',
    /NFS/,
    /BAE_STATE/,
  ],
  [
    'a file system without direct writes',
    { machine: { takesDirectWrites: async () => false } },
    'warn',
    'file system',
    /no direct writes/,
    /ext4/,
  ],
  [
    'a disk that is nearly full',
    { machine: { fileSystemOf: async () => ({ type: 0xef53, freeBytes: 2 ** 20 }) } },
    'warn',
    'free space',
    /1\.00 MiB/,
    /bae remove/,
  ],
  [
    'a disk that has hardly room for more files',
    { machine: { fileSystemOf: async () => ({ type: 0xef53, freeBytes: 2 ** 40, freeFiles: 12 }) } },
    'warn',
    'free space',
    /12 more files/,
    /bae remove/,
  ],
  [
    'a database server that does not answer',
    {
      config: { databaseUrl: 'postgres://db.example/bae' },
      database: rejecting(failure('STORAGE_DATABASE_UNAVAILABLE', 'the database server is away')),
    },
    'fail',
    'database',
    /is away/,
    /BAE_DATABASE_URL/,
  ],
  [
    'a database server that is too old',
    { database: async () => ({ kind: 'server', place: 'db.example/bae', serverVersion: '12.18' }) },
    'warn',
    'database',
    /PostgreSQL 12\.18/,
    /15 or newer/,
  ],
  [
    'a database that is lost',
    { database: rejecting(failure('STORAGE_REBUILD_NEEDED', 'it is not there any more')) },
    'fail',
    'database',
    /not there any more/,
    /bae rebuild/,
  ],
  [
    'a PostgreSQL that this user cannot run',
    { database: rejecting(failure('STORAGE_POSTGRES_NOT_FOUND', 'PostgreSQL does not run as root')) },
    'fail',
    'database',
    /as root/,
    /optional packages.*BAE_DATABASE_URL/,
  ],
  [
    'a folder that cannot hold the database',
    { database: rejecting(failure('STORAGE_POSTGRES_FOLDER', 'no permission bits')) },
    'fail',
    'database',
    /permission bits/,
    /BAE_STATE/,
  ],
  [
    'a database that does not start',
    { database: rejecting(failure('STORAGE_DATABASE', 'the database server does not start')) },
    'fail',
    'database',
    /does not start/,
    /postgres\/server\.log.*BAE_DATABASE_URL/,
  ],
  // 192.0.2.0/24 is for documents: no machine has it.
  [
    'an address that is not of this machine',
    { config: { listenInterfaces: '192.0.2.1:6881' } },
    'warn',
    'port',
    /192\.0\.2\.1:6881 \(no address of this machine\)/,
    /BAE_LISTEN/,
  ],
  [
    'few open files',
    { machine: { openFilesLimit: async () => 256 } },
    'warn',
    'open files',
    /256/,
    /ulimit -n 1024/,
  ],
  [
    'a terminal that is not UTF-8',
    { machine: { isUtf8: false } },
    'warn',
    'locale',
    /not UTF-8/,
    /LANG=C\.UTF-8/,
  ],
]

describe('the doctor says what to do about', () => {
  it.each(cases)('%s', async (_, trouble, status, name, detail, advice) => {
    const item = await complaint(trouble)
    expect(item).toMatchObject({ name, status })
    expect(item.detail).toMatch(detail)
    expect(item.advice).toMatch(advice)
  })

  it('a library that cannot be written', async () => {
    const file = join(folder.path, 'file')
    await writeFile(file, '')
    const items = await look({ config: { libraryDirectory: join(file, 'library') } })
    expect(items.find(({ name }) => name === 'library')).toMatchObject({
      status: 'fail',
      advice: expect.stringContaining('--library'),
    })
  })

  it('parts that cannot be loaded, and goes on to what can be looked at', async () => {
    const items = await look({ compose: rejecting(new Error('a module is missing')) })
    const bad = items.filter(({ status }) => status !== 'ok')
    expect(bad).toMatchObject([
      { name: 'libtorrent', status: 'fail', detail: 'a module is missing', advice: expect.any(String) },
      { name: 'database', status: 'fail', detail: 'a module is missing', advice: expect.any(String) },
    ])
  })

  it('an old Node alone, where nothing can be loaded because of it', async () => {
    const compose = async () => {
      refuseOldNode('v18.20.8')
      throw new Error('it was not refused')
    }
    const items = await look({ compose, machine: { nodeVersion: 'v18.20.8' } })
    const advice = items.filter(({ status }) => status === 'fail').map((item) => item.advice)
    expect(advice).toEqual(Array.from({ length: 3 }, () => 'install Node.js 20.19 or newer'))
  })

  it('a port that is in use by UDP alone', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const listenInterfaces = `127.0.0.1:${socket.address().port}`
    const item = await complaint({ config: { listenInterfaces } })
    socket.close()
    expect(item).toMatchObject({ name: 'port', status: 'warn' })
    expect(item.detail).toContain(`${listenInterfaces} is in use`)
    expect((await look({ config: { listenInterfaces } })).every(({ status }) => status === 'ok')).toBe(true)
  })

  it('a port that is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const listenInterfaces = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const item = await complaint({ config: { listenInterfaces } })
    server.close()
    expect(item).toMatchObject({
      name: 'port',
      status: 'warn',
      advice: expect.stringContaining('BAE_LISTEN'),
    })
    expect(item.detail).toContain(`${listenInterfaces} is in use`)
    expect((await look({ config: { listenInterfaces } })).every(({ status }) => status === 'ok')).toBe(true)
  })

  it('settings that cannot be, and goes on to what does not depend on them', async () => {
    const items = await look({ settings: new Error('bae.yaml:3: dht is "on" or "off"') })
    expect(items.find(({ name }) => name === 'settings')).toMatchObject({
      status: 'fail',
      detail: 'bae.yaml:3: dht is "on" or "off"',
    })
    expect(items.map(({ name }) => name)).toEqual([
      'bae',
      'node',
      'libtorrent',
      'settings',
      'open files',
      'locale',
    ])
  })

  it('a clock that is behind what the library has seen', async () => {
    const tomorrow = new Date(sound.nowMs + 86_400_000)
    await utimes(join(library, 'store'), tomorrow, tomorrow)
    const item = await complaint({})
    expect(item).toMatchObject({
      name: 'clock',
      status: 'warn',
      advice: expect.stringContaining('timedatectl'),
    })
    expect(item.detail).toMatch(/1 d 00 h before the library's last change/)
  })
})

it.each([
  ['v18.20.8', false],
  ['v20.18.3', false],
  ['v20.19.0', true],
  ['v22.0.0', true],
])('Node %s is used: %s', (version, isFine) => {
  const refuse = () => refuseOldNode(version)
  if (isFine) expect(refuse).not.toThrow()
  else expect(refuse).toThrow(expect.objectContaining({ code: 'IMPORT_NODE_TOO_OLD' }))
})

it('a library that is not there yet is nothing to complain of, and none is made', async () => {
  const libraryDirectory = join(folder.path, 'not', 'there')
  const items = await look({ config: { libraryDirectory } })
  expect(items.filter(({ status }) => status !== 'ok')).toEqual([])
  expect(await readdir(folder.path)).toEqual(['library'])
})

it('this machine says what it has, and nothing stays of the trial', async () => {
  const machine = thisMachine({ isUtf8: true })
  await mkdir(join(folder.path, 'empty'))
  expect(await machine.takesDirectWrites(join(folder.path, 'empty'))).toBeTypeOf('boolean')
  expect(await readdir(join(folder.path, 'empty'))).toEqual([])
  expect((await machine.fileSystemOf(folder.path)).freeBytes).toBeGreaterThan(0)
  if (process.platform === 'linux') expect(await machine.openFilesLimit()).toBeGreaterThan(0)
})

it('is shown in 80 columns on a terminal', () => {
  const item: DoctorItem = {
    name: 'library',
    status: 'fail',
    detail: 'long '.repeat(40),
    advice: "run 'bae list' ".repeat(9),
  }
  const output = new CapturedOutput({ isTTY: true })
  const lines = formatItem(item, { output, commandName: './bae' })
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  expect(lines[0]).toMatch(/^fail {2}library {6}long long/)
  expect(lines.join(' ')).toContain("-> run './bae list'")
  const piped = new CapturedOutput()
  expect(formatItem(item, { output: piped, commandName: 'bae' })).toHaveLength(2)
})
