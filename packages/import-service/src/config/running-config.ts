import type { Logger } from '@bae/storage'
import { type Config, fieldOf } from './config.js'
import type { ResolvedConfig } from './read-config.js'
import { type SettingKey, settingKeys, settingOf } from './settings.js'
import { shownText } from './show-config.js'

/** A setting that is another one now, as it may be shown. */
export interface ChangedSetting {
  readonly key: SettingKey
  readonly from: string
  readonly to: string
}

/** What came of reading the settings again. Plain JSON. */
export interface ReloadReport {
  /** These hold now. */
  readonly changed: readonly ChangedSetting[]
  /** These hold after a restart: `from` is what holds until then. */
  readonly needRestart: readonly ChangedSetting[]
}

export type ConfigListener = (config: Config) => Promise<void> | void

/** The configuration of a process that goes on for long: it can be read again, and what may change does. */
export class RunningConfig {
  readonly #read: () => Promise<ResolvedConfig>
  readonly #listeners = new Set<ConfigListener>()
  #config: Config
  /** One reload after the other, so that the last one counts. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(config: Config, read: () => Promise<ResolvedConfig>) {
    this.#config = config
    this.#read = read
  }

  /** Reads for the first time. Rejects as `read` does: IMPORT_CONFIG_INVALID. */
  static async start(read: () => Promise<ResolvedConfig>): Promise<RunningConfig> {
    return new RunningConfig((await read()).config, read)
  }

  /** What holds now. */
  get config(): Config {
    return this.#config
  }

  /** Calls `listener` whenever something has changed that holds at once. Returns the unsubscriber. */
  onChange(listener: ConfigListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Reads again and applies what may change. Rejects IMPORT_CONFIG_INVALID, or with what a listener rejects with: then
   * what held before holds on, and the next reload tries again.
   */
  reload(): Promise<ReloadReport> {
    const reloading = this.#last.then(() => this.#reload())
    this.#last = reloading.catch(() => {})
    return reloading
  }

  async #reload(): Promise<ReloadReport> {
    const { config } = await this.#read()
    const differing = settingKeys
      .filter((key) => this.#config[fieldOf[key]] !== config[fieldOf[key]])
      .map((key) => ({ key, from: shownText(key, this.#config), to: shownText(key, config) }))
    const changed = differing.filter(({ key }) => settingOf(key).isLive)
    if (changed.length > 0) {
      const next = withLive(this.#config, config)
      for (const listener of this.#listeners) await listener(next)
      this.#config = next
    }
    return { changed, needRestart: differing.filter(({ key }) => !settingOf(key).isLive) }
  }
}

/** Reads again for somebody who may not wait for an answer: the log tells what came of it. Rejects as `reload` does. */
export async function reloadConfig(running: RunningConfig, logger: Logger): Promise<ReloadReport> {
  try {
    const report = await running.reload()
    const tell = report.needRestart.length > 0 ? logger.warn : logger.info
    tell(
      report,
      report.needRestart.length > 0
        ? 'settings were read again; some need a restart'
        : 'settings were read again',
    )
    return report
  } catch (error) {
    logger.error({ error }, 'settings could not be read again, and stay as they were')
    throw error
  }
}

/** The one, with what may change as in the other. */
function withLive(config: Config, next: Config): Config {
  const live = new Set<string>(settingKeys.filter((key) => settingOf(key).isLive).map((key) => fieldOf[key]))
  const kept = Object.entries(config).filter(([field]) => !live.has(field))
  const taken = Object.entries(next).filter(([field]) => live.has(field))
  return Object.fromEntries([...kept, ...taken]) as unknown as Config
}
