import { describe, expect, it } from 'vitest'
import { translateAlert } from '../src/alert-translator.js'

describe('translateAlert', () => {
  it('gives a storage error the original error where native carried it', () => {
    const cause = Object.assign(new Error('the disk is gone'), { code: 'STORAGE_IO' })
    const meaning = translateAlert({
      type: 'storageError',
      handle: 3,
      code: 'EIO',
      message: 'write failed',
      cause,
    })
    expect(meaning).toEqual({ kind: 'storageFailed', handle: 3, error: cause })
    expect(meaning).toHaveProperty('error', cause)
  })

  it('makes an error of the code and the message where native could not carry one', () => {
    const meaning = translateAlert({ type: 'storageError', handle: 3, code: 'EIO', message: 'write failed' })
    expect(meaning).toMatchObject({ error: { code: 'EIO', message: 'write failed' } })
    const strange = translateAlert({
      type: 'storageError',
      handle: 3,
      code: 'EIO',
      message: 'bad',
      cause: 'a string',
    })
    expect(strange).toMatchObject({ error: { code: 'EIO', cause: 'a string' } })
  })

  it('has the status read again after everything that changes it', () => {
    for (const type of ['torrentPaused', 'torrentResumed', 'torrentFinished', 'metadataReceived'] as const) {
      expect(translateAlert({ type, handle: 5 })).toEqual({ kind: 'statusChanged', handle: 5 })
    }
    const stopped = translateAlert({ type: 'torrentError', handle: 5, code: 'EIO', message: 'stopped' })
    expect(stopped).toEqual({ kind: 'statusChanged', handle: 5 })
  })

  it('tells a torrent that fetches again from one that begins to', () => {
    const changed = (previousState: 'finished' | 'seeding' | 'checkingFiles' | 'checkingResumeData') =>
      translateAlert({ type: 'stateChanged', handle: 5, state: 'downloading', previousState })
    for (const before of ['finished', 'seeding', 'checkingFiles'] as const)
      expect(changed(before)).toEqual({ kind: 'fetchesAgain', handle: 5 })
    expect(changed('checkingResumeData')).toBeUndefined()
  })

  it('counts no piece because of an alert', () => {
    const finished = translateAlert({ type: 'pieceFinished', handle: 1, piece: 4 })
    expect(finished).toEqual({ kind: 'pieceFinished', handle: 1 })
  })

  it('tells the end of a check', () => {
    expect(translateAlert({ type: 'torrentChecked', handle: 5 })).toEqual({ kind: 'checked', handle: 5 })
  })

  it('passes on a bad piece, a socket that cannot listen and lost alerts', () => {
    expect(translateAlert({ type: 'hashFailed', handle: 1, piece: 4 })).toEqual({
      kind: 'hashFailed',
      handle: 1,
      piece: 4,
    })
    const failed = { address: '127.0.0.1', port: 80, message: 'not allowed' }
    expect(translateAlert({ type: 'listenFailed', ...failed })).toEqual({ kind: 'listenFailed', ...failed })
    expect(translateAlert({ type: 'alertsDropped' })).toEqual({ kind: 'alertsDropped' })
  })
})
