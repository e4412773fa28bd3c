import type { AddonAnswer, AddonSession } from './addon.js'
import { NativeError } from './errors.js'
import { PendingAnswers } from './pending-answers.js'

type Asked = () => AddonSession

/**
 * The calls that libtorrent answers with an alert. Each promise settles: with the answer, or an error once the torrent
 * is gone or the session closes.
 */
export class AlertAnswers {
  readonly #session: Asked
  readonly #statisticNames: () => readonly { readonly name: string }[]
  readonly #resumeData = new Map<number, PendingAnswers<boolean, Uint8Array>>()
  readonly #statistics = new PendingAnswers<void, Readonly<Record<string, number>>>()

  /** `session` throws where it may not be asked any more. */
  constructor(session: Asked, statisticNames: () => readonly { readonly name: string }[]) {
    this.#session = session
    this.#statisticNames = statisticNames
  }

  saveResumeData(handle: number, saveInfoSection: boolean): Promise<Uint8Array> {
    this.#session().saveResumeData(handle, saveInfoSection)
    const answers = this.#resumeData.get(handle) ?? new PendingAnswers()
    this.#resumeData.set(handle, answers)
    return answers.wait(saveInfoSection)
  }

  statistics(): Promise<Readonly<Record<string, number>>> {
    this.#session().postStatistics()
    return this.#statistics.wait()
  }

  take(answer: AddonAnswer): void {
    if (answer.type === 'resumeData') {
      this.#resumeData.get(answer.handle)?.resolveNext(answer.bytes)
    } else if (answer.type === 'resumeDataFailed') {
      const code = 'NATIVE_RESUME_DATA_FAILED'
      this.#resumeData.get(answer.handle)?.rejectNext(new NativeError(code, answer.message))
    } else {
      const entries = this.#statisticNames().map(({ name }, index) => [name, answer.values[index] ?? 0])
      // One answer does for all who asked before it.
      this.#statistics.resolveAll(Object.fromEntries(entries))
    }
  }

  /** Answers may have been among the alerts that libtorrent dropped. */
  askAgain(): void {
    for (const [handle, answers] of this.#resumeData) {
      for (const saveInfoSection of answers.questions) {
        try {
          this.#session().saveResumeData(handle, saveInfoSection)
        } catch {
          // The torrent is being removed: torrentGone() settles these.
          break
        }
      }
    }
    if (this.#statistics.questions.length > 0) this.#session().postStatistics()
  }

  torrentGone(handle: number): void {
    const error = new NativeError('NATIVE_UNKNOWN_TORRENT', 'the torrent was removed')
    this.#resumeData.get(handle)?.rejectAll(error)
    this.#resumeData.delete(handle)
  }

  sessionCloses(): void {
    const error = new NativeError('NATIVE_SESSION_CLOSED', 'the session is closed')
    for (const answers of this.#resumeData.values()) answers.rejectAll(error)
    this.#resumeData.clear()
    this.#statistics.rejectAll(error)
  }
}
