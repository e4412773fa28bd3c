import { describe, expect, it } from 'vitest'
import type { AddonSession } from '../../src/addon.js'
import { AlertAnswers } from '../../src/alert-answers.js'

function scripted() {
  const asked: string[] = []
  const session: Partial<AddonSession> = {
    saveResumeData: (handle, withInfo) => {
      if (handle === 9) throw Object.assign(new Error('gone'), { code: 'NATIVE_UNKNOWN_TORRENT' })
      asked.push(`${handle} ${withInfo}`)
    },
    postStatistics: () => void asked.push('statistics'),
  }
  const names = [{ name: 'net.sent' }, { name: 'net.received' }]
  const answers = new AlertAnswers(
    () => session as AddonSession,
    () => names,
  )
  return { asked, answers }
}

describe('AlertAnswers', () => {
  it('gives the answers of each torrent in the order of its questions', async () => {
    const { answers } = scripted()
    const saved = [1, 2, 1].map((handle) => answers.saveResumeData(handle, false))
    answers.take({ type: 'resumeData', handle: 2, bytes: Uint8Array.of(2) })
    answers.take({ type: 'resumeData', handle: 1, bytes: Uint8Array.of(10) })
    answers.take({ type: 'resumeDataFailed', handle: 1, code: 'x', message: 'no metadata' })
    expect(await saved[0]).toEqual(Uint8Array.of(10))
    expect(await saved[1]).toEqual(Uint8Array.of(2))
    await expect(saved[2]).rejects.toMatchObject({
      code: 'NATIVE_RESUME_DATA_FAILED',
      message: 'no metadata',
    })
  })

  it('names the values of statistics', async () => {
    const { answers } = scripted()
    const both = [answers.statistics(), answers.statistics()]
    answers.take({ type: 'statistics', values: Float64Array.of(5, 7) })
    answers.take({ type: 'statistics', values: Float64Array.of(6, 8) })
    expect(await Promise.all(both)).toEqual([
      { 'net.sent': 5, 'net.received': 7 },
      { 'net.sent': 5, 'net.received': 7 },
    ])
  })

  it('rejects what a torrent leaves open when it goes, and all when the session closes', async () => {
    const { answers } = scripted()
    const first = answers.saveResumeData(1, false)
    const second = answers.saveResumeData(2, false)
    const statistics = answers.statistics()
    answers.torrentGone(1)
    await expect(first).rejects.toMatchObject({ code: 'NATIVE_UNKNOWN_TORRENT' })
    answers.sessionCloses()
    await expect(second).rejects.toMatchObject({ code: 'NATIVE_SESSION_CLOSED' })
    await expect(statistics).rejects.toMatchObject({ code: 'NATIVE_SESSION_CLOSED' })
  })

  it('asks again for what may be lost when alerts were dropped', async () => {
    const { answers, asked } = scripted()
    const saved = answers.saveResumeData(1, true)
    const statistics = answers.statistics()
    asked.length = 0
    answers.askAgain()
    expect(asked).toEqual(['1 true', 'statistics'])
    answers.take({ type: 'resumeData', handle: 1, bytes: Uint8Array.of(1) })
    answers.take({ type: 'statistics', values: Float64Array.of(5, 7) })
    expect(await saved).toEqual(Uint8Array.of(1))
    expect(await statistics).toMatchObject({ 'net.sent': 5 })
  })
})
