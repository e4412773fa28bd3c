import { describe, expect, it } from 'vitest'
import { openServiceLog } from '../../src/cli/service-log.js'
import type { Config } from '../../src/config/config.js'
import { resolveConfig } from '../../src/config/read-config.js'
import { RunningConfig, reloadConfig } from '../../src/config/running-config.js'
import type { Environment } from '../../src/config/sources.js'
import { ImportError } from '../../src/errors.js'
import { type Log, openLog } from '../../src/log/log.js'

const user = { isRoot: false, homeDirectory: '/home/someone' }

/** A configuration whose environment the test changes. */
async function start(environment: Environment = {}) {
  const said: { environment: Environment } = { environment }
  const running = await RunningConfig.start(() =>
    resolveConfig({}, { environment: { BAE_CONFIG: '/dev/null', ...said.environment }, user }),
  )
  const told: Config[] = []
  running.onChange((config) => void told.push(config))
  return { said, running, told }
}

function logInto(lines: string[]): Log {
  return openLog({ level: 'info', isPretty: false, write: (line) => lines.push(line) })
}

describe('a running configuration', () => {
  it('takes what may change, and names what needs a restart', async () => {
    const { said, running, told } = await start({ BAE_CAPACITY: '1 GiB' })
    said.environment = { BAE_CAPACITY: '2 GiB', BAE_UPLOAD_RATE: '1 MiB/s', BAE_LISTEN: '127.0.0.1:7000' }
    expect(await running.reload()).toEqual({
      changed: [
        { key: 'listen', from: '0.0.0.0:6881,[::]:6881', to: '127.0.0.1:7000' },
        { key: 'uploadRate', from: 'unlimited', to: '1 MiB/s' },
        ...['dht', 'lsd', 'upnp', 'natPmp'].map((key) => ({ key, from: 'on', to: 'off' })),
      ],
      needRestart: [{ key: 'capacity', from: '1 GiB', to: '2 GiB' }],
    })
    expect(running.config).toMatchObject({ capacityBytes: 2 ** 30, maxUploadBytesPerSecond: 2 ** 20 })
    expect(told).toEqual([running.config])
  })

  it('goes on naming what needs a restart, and tells nobody of it', async () => {
    const { said, running, told } = await start()
    said.environment = { BAE_DURABILITY: 'power' }
    const report = { changed: [], needRestart: [{ key: 'durability', from: 'process', to: 'power' }] }
    expect([await running.reload(), await running.reload()]).toEqual([report, report])
    said.environment = {}
    expect(await running.reload()).toEqual({ changed: [], needRestart: [] })
    expect([told, running.config.durability]).toEqual([[], 'process'])
  })

  it('goes back to what is so when nobody says anything', async () => {
    const { said, running, told } = await start({ BAE_DOWNLOAD_RATE: '1 KiB/s' })
    said.environment = {}
    await running.reload()
    expect(told).toHaveLength(1)
    expect(running.config).not.toHaveProperty('maxDownloadBytesPerSecond')
  })

  it('sees that a password is another one, and does not show it', async () => {
    const { said, running } = await start({ BAE_DATABASE_URL: 'postgres://bae:before@db/bae' })
    said.environment = { BAE_DATABASE_URL: 'postgres://bae:after@db/bae' }
    const report = await running.reload()
    expect(report.needRestart.map(({ key }) => key)).toEqual(['databaseUrl'])
    expect(JSON.stringify(report)).not.toMatch(/before|after/)
  })

  it('stays as it was where the new one is wrong, and takes the next', async () => {
    const { said, running, told } = await start()
    said.environment = { BAE_UPLOAD_RATE: 'fast' }
    await expect(running.reload()).rejects.toThrow(expect.objectContaining({ code: 'IMPORT_CONFIG_INVALID' }))
    expect(told).toEqual([])
    said.environment = { BAE_UPLOAD_RATE: '1 KiB/s' }
    expect((await running.reload()).changed).toHaveLength(1)
  })

  it('tries again what somebody could not take', async () => {
    const { said, running } = await start()
    const failure = new ImportError('IMPORT_CLOSED', 'not now')
    const stop = running.onChange(() => Promise.reject(failure))
    said.environment = { BAE_DHT: 'off' }
    await expect(running.reload()).rejects.toBe(failure)
    expect(running.config.enableDht).toBe(true)
    stop()
    expect((await running.reload()).changed.map(({ key }) => key)).toEqual(['dht'])
  })

  it('is read by one reload after the other', async () => {
    const { said, running, told } = await start()
    said.environment = { BAE_DHT: 'off' }
    const reports = await Promise.all([running.reload(), running.reload()])
    expect(reports.map(({ changed }) => changed.length)).toEqual([1, 0])
    expect(told).toHaveLength(1)
  })

  it('says in the log what came of it', async () => {
    const { said, running } = await start()
    const lines: string[] = []
    const log = logInto(lines)
    said.environment = { BAE_DHT: 'off' }
    await reloadConfig(running, log)
    said.environment = { BAE_DHT: 'off', BAE_REMOTE: '/far' }
    await reloadConfig(running, log)
    said.environment = { BAE_DHT: 'perhaps' }
    await expect(reloadConfig(running, log)).rejects.toThrow('BAE_DHT')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'info', changed: [{ key: 'dht', from: 'on', to: 'off' }], needRestart: [] },
      { level: 'warn', needRestart: [{ key: 'remote', from: '-', to: '/far' }] },
      { level: 'error', error: { code: 'IMPORT_CONFIG_INVALID' } },
    ])
  })
})

it('the log of a service is at the level that is set, and at info where none is', async () => {
  const { said, running } = await start()
  const lines: string[] = []
  const log = await openServiceLog(running, {
    openLog: async ({ logLevel = 'silent' }) =>
      openLog({ level: logLevel, isPretty: false, write: (line) => lines.push(line) }),
  })
  const levels = [log.level]
  for (const BAE_LOG_LEVEL of ['silent', 'debug', '']) {
    said.environment = { BAE_LOG_LEVEL }
    await running.reload()
    levels.push(log.level)
  }
  expect(levels).toEqual(['info', 'silent', 'debug', 'info'])
})
