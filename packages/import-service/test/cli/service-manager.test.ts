import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ServiceManager } from '../../src/cli/service-manager.js'

const environment = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '20000000' }
let told: string[][]
let failures: string[]

beforeEach(() => {
  vi.useFakeTimers()
  told = []
  failures = []
})

afterEach(() => vi.useRealTimers())

function managerOf(variables: Readonly<Record<string, string>>, failure?: Error): ServiceManager {
  return new ServiceManager({
    environment: variables,
    failed: (message) => failures.push(message),
    notify: async (words) => {
      told.push([...words])
      if (failure !== undefined) throw failure
    },
  })
}

describe('whoever started the service', () => {
  it('is told when it is ready, twice in each interval that it lives, and when it stops', async () => {
    const manager = managerOf(environment)
    await manager.ready('serves /library')
    expect(told).toEqual([['READY=1', 'STATUS=serves /library']])
    vi.advanceTimersByTime(25_000)
    expect(told.slice(1)).toEqual([['WATCHDOG=1'], ['WATCHDOG=1']])
    await manager.stopping()
    vi.advanceTimersByTime(60_000)
    expect(told.slice(3)).toEqual([['STOPPING=1']])
  })

  it('is told nothing when it did not ask', async () => {
    const manager = managerOf({ WATCHDOG_USEC: '20000000' })
    await manager.ready('')
    vi.advanceTimersByTime(60_000)
    await manager.stopping()
    expect(told).toEqual([])
  })

  it('hears from the process alone that it watches', async () => {
    const manager = managerOf({ ...environment, WATCHDOG_PID: '1' })
    await manager.ready('')
    vi.advanceTimersByTime(60_000)
    expect(told).toHaveLength(1)
  })

  it('may be out of reach: that is told, and ends nothing', async () => {
    const manager = managerOf(environment, new Error('spawn systemd-notify ENOENT'))
    await manager.ready('')
    expect(failures).toEqual(['systemd could not be told READY=1: spawn systemd-notify ENOENT'])
    await manager.stopping()
  })
})
