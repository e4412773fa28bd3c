import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig, resolveConfig } from '../../src/config/read-config.js'
import type { ConfigFlags, Environment, User } from '../../src/config/sources.js'
import { TemporaryFolder } from '../support/temporary-folder.js'

const someone = { isRoot: false, homeDirectory: '/home/someone' }
const root = { isRoot: true, homeDirectory: '/root' }

let folder: TemporaryFolder

beforeEach(async () => {
  folder = await TemporaryFolder.create()
})

afterEach(() => folder[Symbol.asyncDispose]())

function read(environment: Environment, flags: ConfigFlags = {}, user: User = someone) {
  return readConfig(flags, { environment: { BAE_CONFIG: '/dev/null', ...environment }, user })
}

async function saveFile(text: string, name = 'bae.yaml'): Promise<string> {
  const path = join(folder.path, name)
  await writeFile(path, text)
  return path
}

function rejection(message: string | RegExp) {
  const expected = typeof message === 'string' ? message : expect.stringMatching(message)
  return expect.objectContaining({ code: 'IMPORT_CONFIG_INVALID', message: expected })
}

describe('readConfig', () => {
  it.each([
    ['--library wins', { library: '/flag' }, { BAE_LIBRARY: '/variable', XDG_DATA_HOME: '/xdg' }, '/flag'],
    ['also over --set', { library: '/flag', set: ['library=/set'] }, {}, '/flag'],
    ['--set wins over the environment', { set: ['library=/set'] }, { BAE_LIBRARY: '/variable' }, '/set'],
    ['then BAE_LIBRARY', {}, { BAE_LIBRARY: '/variable', XDG_DATA_HOME: '/xdg' }, '/variable'],
    ['then the XDG data folder', {}, { XDG_DATA_HOME: '/xdg' }, '/xdg/bae'],
    ['then its usual place', {}, {}, '/home/someone/.local/share/bae'],
    [
      'empty variables do not count',
      {},
      { BAE_LIBRARY: '', XDG_DATA_HOME: '' },
      '/home/someone/.local/share/bae',
    ],
    ['~ is the home folder', {}, { BAE_LIBRARY: '~/music' }, '/home/someone/music'],
  ])('finds the library: %s', async (_, flags, environment, expected) => {
    expect((await read(environment, flags)).libraryDirectory).toBe(expected)
  })

  it('has a place of its own for root, which BAE_LIBRARY moves', async () => {
    expect((await read({}, {}, root)).libraryDirectory).toBe('/var/lib/bae')
    expect((await read({ BAE_LIBRARY: '/variable' }, {}, root)).libraryDirectory).toBe('/variable')
  })

  it('makes relative folders absolute', async () => {
    expect(await read({ BAE_STATE: 'state', BAE_REMOTE: 'far' }, { library: 'music' })).toMatchObject({
      libraryDirectory: `${process.cwd()}/music`,
      stateDirectory: `${process.cwd()}/state`,
      remoteDirectory: `${process.cwd()}/far`,
    })
  })

  it('has a value for what nobody says', async () => {
    expect(await read({}, { library: '/l' })).toEqual({
      libraryDirectory: '/l',
      durability: 'process',
      checkReads: 'first',
      listenInterfaces: '0.0.0.0:6881,[::]:6881',
      activeDownloads: 5,
      activeSeeds: 200,
      metadataFetches: 10,
      seed: false,
      encryption: 'enabled',
      enableDht: true,
      enableLsd: true,
      enableUpnp: true,
      enableNatPmp: true,
    })
  })

  it.each([
    ['BAE_CAPACITY', '1048576', { capacityBytes: 1_048_576 }],
    ['BAE_CAPACITY', '200 GiB', { capacityBytes: 200 * 2 ** 30 }],
    ['BAE_CAPACITY', '1.5tib', { capacityBytes: 1.5 * 2 ** 40 }],
    ['BAE_CAPACITY', ' 64 KiB ', { capacityBytes: 65_536 }],
    ['BAE_CAPACITY', '7 B', { capacityBytes: 7 }],
    ['BAE_DOWNLOAD_RATE', '10 MiB/s', { maxDownloadBytesPerSecond: 10 * 2 ** 20 }],
    ['BAE_UPLOAD_RATE', '1024', { maxUploadBytesPerSecond: 1024 }],
    ['BAE_LISTEN', '10.0.0.1:6881, eth0:7000', { listenInterfaces: '10.0.0.1:6881,eth0:7000' }],
    ['BAE_CHECK_READS', 'always', { checkReads: 'always' }],
    ['BAE_ACTIVE_DOWNLOADS', '1', { activeDownloads: 1, activeSeeds: 200 }],
    ['BAE_ACTIVE_SEEDS', '0', { activeSeeds: 0 }],
    ['BAE_METADATA_FETCHES', '20', { metadataFetches: 20 }],
    ['BAE_DURABILITY', 'power', { durability: 'power' }],
    ['BAE_SEED', 'on', { seed: true }],
    ['BAE_ENCRYPTION', 'forced', { encryption: 'forced' }],
    ['BAE_DHT', 'off', { enableDht: false, enableLsd: true }],
    ['BAE_NAT_PMP', 'No', { enableNatPmp: false, enableUpnp: true }],
    ['BAE_DATABASE_URL', 'postgres://someone@db.example/bae', { databaseUrl: expect.any(String) }],
  ])('takes %s=%s', async (variable, text, expected) => {
    expect(await read({ [variable]: text })).toMatchObject(expected)
  })

  it.each([
    ['BAE_CAPACITY', ['much', '10 GB', '-1', '1e9', '9999999 PiB', '.5 GiB']],
    ['BAE_UPLOAD_RATE', ['0', 'fast', '1 MiB/h']],
    ['BAE_ACTIVE_DOWNLOADS', ['-1', '1.5', 'many', '1e3']],
    ['BAE_CHECK_READS', ['never']],
    ['BAE_DURABILITY', ['forever']],
    ['BAE_ENCRYPTION', ['yes']],
    ['BAE_DHT', ['perhaps']],
    ['BAE_LISTEN', ['6881', '0.0.0.0:66000', '0.0.0.0:6881,', 'somewhere']],
  ])('refuses what %s cannot be, and says which it was', async (variable, texts) => {
    for (const text of texts) {
      await expect(read({ [variable]: text })).rejects.toThrow(rejection(/^BAE_\w+ is .+, not "/))
      await expect(read({ [variable]: text })).rejects.toThrow(`${variable} is`)
    }
  })

  it('shows no address of a database that it refuses', async () => {
    const reading = read({ BAE_DATABASE_URL: 'mysql://someone:secret@db.example/bae' })
    await expect(reading).rejects.toThrow(rejection(/^BAE_DATABASE_URL is an address such as "postgres:/))
    await expect(reading).rejects.not.toThrow(/secret/)
  })

  it('asks nobody outside where all addresses are of the loopback, unless it is said', async () => {
    const quiet = await read({ BAE_LISTEN: '127.0.0.1:0,[::1]:0' })
    expect(quiet).toMatchObject({
      enableDht: false,
      enableLsd: false,
      enableUpnp: false,
      enableNatPmp: false,
    })
    expect(await read({ BAE_LISTEN: '127.0.0.1:0', BAE_DHT: 'on' })).toMatchObject({
      enableDht: true,
      enableLsd: false,
    })
    expect(await read({ BAE_LISTEN: '127.0.0.1:0,10.0.0.1:0' })).toMatchObject({ enableLsd: true })
  })
})

describe('the file', () => {
  it('is read before the environment and the command line, and folders in it are meant from there', async () => {
    const path = await saveFile(
      [
        '# mine',
        'library: music',
        'capacity: 200 GiB',
        'dht: off',
        'uploadRate: "1 MiB/s"',
        'downloadRate: 1024',
      ].join('\n'),
    )
    const environment = { BAE_CONFIG: path, BAE_DOWNLOAD_RATE: 'unlimited' }
    const { config, origins, file } = await resolveConfig(
      { set: ['uploadRate=2 MiB/s'] },
      { environment, user: someone },
    )
    expect(config).toMatchObject({
      libraryDirectory: join(folder.path, 'music'),
      capacityBytes: 200 * 2 ** 30,
      enableDht: false,
      maxUploadBytesPerSecond: 2 ** 21,
    })
    expect(config).not.toHaveProperty('maxDownloadBytesPerSecond')
    expect(file).toEqual({ path, isThere: true })
    expect(Object.fromEntries(origins)).toMatchObject({
      library: { from: 'file', file: path, line: 2 },
      capacity: { from: 'file', line: 3 },
      uploadRate: { from: 'flag', flag: '--set' },
      downloadRate: { from: 'environment', variable: 'BAE_DOWNLOAD_RATE' },
      durability: { from: 'default' },
    })
    expect(origins.has('lsd')).toBe(false)
  })

  it.each([
    ['an unknown key', 'dht: off\nuplaodRate: 1', ':2: uplaodRate is no setting; did you mean uploadRate?'],
    ['a key that is like none', 'wallpaper: blue', ":1: wallpaper is no setting; 'bae config' shows all"],
    ['a wrong value', '\n\ncapacity: much', /:3: capacity is bytes or a size.*, not "much"$/],
    ['a number that only YAML takes for one', 'capacity: 0x10', /:1: capacity is .*, not "0x10"$/],
    ['a key without a value', 'remote:', ':1: remote has no value'],
    ['a list', 'listen:\n  - 1', ':1: listen takes one value'],
    ['a key that comes twice', 'dht: on\ndht: off', ':2: a key that is set before'],
    ['a broken line', 'dht: on\nlsd: "off', /:2: no YAML that can be read \(missing char\)/],
    ['a text without keys', '- dht', ':1: not lines of KEY: VALUE'],
    ['a mark that means nothing', 'dht: !secret x', /:1: no YAML that can be read/],
  ])('with %s is refused by its line', async (_, text, expected) => {
    const path = await saveFile(text)
    const message = typeof expected === 'string' ? `${path}${expected}` : expected
    await expect(read({ BAE_CONFIG: path })).rejects.toThrow(rejection(message))
  })

  it('is refused with all that is wrong, and what the environment says wrongly', async () => {
    const path = await saveFile('dht: perhaps\nlibrary: /l\nlsd: never')
    await expect(read({ BAE_CONFIG: path, BAE_UPNP: 'maybe' })).rejects.toThrow(
      rejection(/:1: dht is.*; .*:3: lsd is.*; BAE_UPNP is/),
    )
  })

  it('is refused without a word of the secrets in it', async () => {
    const lines = [
      'databaseUrl: mysql://someone:secret@db/bae',
      'databaseUrl: *secret',
      'databaseUrl: !secret x',
    ]
    for (const line of [
      ...lines,
      'databaseUrl: "secret',
      'databaseUrl: [secret]',
      'databaseUrl: a: secret',
    ]) {
      const reading = read({ BAE_CONFIG: await saveFile(line) })
      await expect(reading).rejects.toThrow(rejection(/bae\.yaml:1: /))
      await expect(reading).rejects.not.toThrow(/secret/)
    }
  })

  it('may be empty, or of comments alone', async () => {
    for (const text of ['', '# library: /l\n', '---\n'])
      expect((await read({ BAE_CONFIG: await saveFile(text) })).libraryDirectory).toMatch(/^\/home/)
  })

  it('that was named has to be there; the usual one need not', async () => {
    const path = join(folder.path, 'none.yaml')
    await expect(read({ BAE_CONFIG: path })).rejects.toThrow(
      rejection(`there is no file ${path} to read the configuration from`),
    )
    await expect(read({}, { config: path })).rejects.toThrow(rejection(/there is no file/))
    await expect(read({ BAE_CONFIG: folder.path })).rejects.toThrow(
      rejection(/cannot be read: it is a folder/),
    )
    const { file } = await resolveConfig({}, { environment: { XDG_CONFIG_HOME: folder.path }, user: someone })
    expect(file).toEqual({ path: join(folder.path, 'bae', 'bae.yaml'), isThere: false })
  })

  it('is the one of --config, else of BAE_CONFIG, else of the XDG folder, else of the home', async () => {
    await mkdir(join(folder.path, 'bae'))
    await saveFile('library: /xdg', 'bae/bae.yaml')
    const [flag, variable] = [
      await saveFile('library: /flag', 'a'),
      await saveFile('library: /variable', 'b'),
    ]
    const environment = { BAE_CONFIG: variable, XDG_CONFIG_HOME: folder.path }
    expect((await read(environment, { config: flag })).libraryDirectory).toBe('/flag')
    expect((await read(environment)).libraryDirectory).toBe('/variable')
    expect((await read({ ...environment, BAE_CONFIG: '' })).libraryDirectory).toBe('/xdg')
    const home = await resolveConfig({}, { environment: {}, user: someone })
    expect(home.file.path).toBe('/home/someone/.config/bae/bae.yaml')
    expect((await resolveConfig({}, { environment: {}, user: root })).file.path).toBe('/etc/bae/bae.yaml')
  })
})

it('--set takes KEY=VALUE of settings', async () => {
  expect(await read({}, { set: ['dht=off', 'uploadRate=1 KiB/s'] })).toMatchObject({
    enableDht: false,
    maxUploadBytesPerSecond: 1024,
  })
  await expect(read({}, { set: ['dht'] })).rejects.toThrow(expect.objectContaining({ code: 'IMPORT_USAGE' }))
  await expect(read({}, { set: ['dth=on'] })).rejects.toThrow(
    rejection(/--set dth is no setting; did you mean dht\?/),
  )
  await expect(read({}, { set: ['dht=of'] })).rejects.toThrow(
    rejection('--set dht is "on" or "off", not "of"'),
  )
})

it('knows variables that look like settings and are none', async () => {
  const environment = {
    BAE_CONFIG: '/dev/null',
    BAE_UPLAOD_RATE: '1',
    BAE_DEBUG: '1',
    BAEX: '1',
    BAE_WALL: '',
  }
  const { unknownVariables } = await resolveConfig({}, { environment, user: someone })
  expect(unknownVariables).toEqual([
    { name: 'BAE_UPLAOD_RATE', near: 'BAE_UPLOAD_RATE' },
    expect.objectContaining({ name: 'BAE_WALL' }),
  ])
})
