import { describe, expect, it, vi } from 'vitest'
import { StopControl } from '../../src/cli/stop-control.js'
import { CapturedOutput } from '../support/captured-output.js'
import { TestCli } from '../support/test-cli.js'

describe('a signal', () => {
  it.for([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s stops, and a second Ctrl-C ends the process', ([name, exitCode]) => {
    const { stop, exits } = begin()
    stop.interrupt(name)
    expect(stop.exitCode).toBe(exitCode)
    expect(stop.signal.reason).toMatchObject({ code: 'IMPORT_INTERRUPTED' })
    expect(exits).toEqual([])
    stop.interrupt('SIGINT')
    expect(exits).toEqual([130])
    stop.close()
  })

  it('of a closed terminal comes twice, and there is time to stop all the same', () => {
    const { stop, exits } = begin()
    stop.interrupt('SIGHUP')
    stop.interrupt('SIGHUP')
    stop.outputFailed(systemError('EIO'))
    expect({ exits, exitCode: stop.exitCode, lostOutput: stop.lostOutput }).toEqual({
      exits: [],
      exitCode: 129,
      lostOutput: false,
    })
    stop.close()
  })
})

it('who has much to close is given more time, by what there is then', () => {
  vi.useFakeTimers()
  try {
    const { stop, exits } = begin()
    let imports = 0
    stop.needsMore(() => imports * 10)
    imports = 100
    stop.interrupt('SIGTERM')
    vi.advanceTimersByTime(5_499)
    expect(exits).toEqual([])
    vi.advanceTimersByTime(1)
    expect(exits).toEqual([143])
    stop.close()
  } finally {
    vi.useRealTimers()
  }
})

it('a hang-up of a service without a terminal ends nothing', () => {
  const { stop, exits } = begin()
  let heard = 0
  stop.onHangUp(() => {
    heard += 1
  })
  stop.interrupt('SIGHUP')
  stop.interrupt('SIGHUP')
  expect({ heard, exits, isStopped: stop.signal.aborted }).toEqual({ heard: 2, exits: [], isStopped: false })
  stop.interrupt('SIGTERM')
  expect(stop.exitCode).toBe(143)
  stop.close()
})

describe('an output that takes no more', () => {
  it.for(['doctor', 'list --json', '--help'])('is told on stderr by %s, which exits 1', async (words) => {
    await using cli = await TestCli.create()
    const { code, output } = await cli.run(words.split(' '), failing('ENOSPC'))
    expect({ code, said: output.stderr }).toEqual({
      code: 1,
      said: 'bae: the output cannot be written: no space left on the disk; send it to where there is room for it [IMPORT_OUTPUT_FAILED]\n',
    })
  })

  it('is not told of when its reader has gone: exit code 141', async () => {
    await using cli = await TestCli.create()
    const { code, output } = await cli.run(['doctor'], failing('EPIPE'))
    expect({ code, said: output.stderr }).toEqual({ code: 141, said: '' })
  })
})

function begin() {
  const exits: number[] = []
  return { stop: new StopControl({ exit: (code) => exits.push(code) }), exits }
}

function failing(code: string): CapturedOutput {
  return new CapturedOutput({ failure: systemError(code) })
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: write`), { code, syscall: 'write' })
}
