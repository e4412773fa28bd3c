import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { readSamples, type Sample } from './fold-stacks.js'

/** Not a divisor of what programs do by the clock. */
const samplesASecond = 499
const outputLimitBytes = 1 << 30
/** Where the engine says how its functions are called, and perf looks for it. */
const mapFolder = '/tmp'

/** One run under perf: of all threads and all that the program starts. */
export class ProfiledRun {
  readonly #data: string

  constructor(folder: string, name: string) {
    this.#data = join(folder, `${name}.perf`)
  }

  /** What the command that is looked at comes behind. */
  get command(): readonly string[] {
    const events = ['-e', 'cpu-clock', '-F', String(samplesASecond), '-g']
    // So that functions have names, those that are interpreted too.
    const names = 'NODE_OPTIONS=--perf-basic-prof-only-functions --interpreted-frames-native-stack'
    return ['env', names, 'perf', 'record', '-q', ...events, '-o', this.#data, '--']
  }

  /** Once it has ended. */
  samples(): readonly Sample[] {
    const fields = ['-F', 'comm,pid,tid,period,ip,sym,dso']
    const args = ['script', '-i', this.#data, '--no-inline', ...fields]
    const text = execFileSync('perf', args, {
      encoding: 'utf8',
      maxBuffer: outputLimitBytes,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const samples = readSamples(text, repositoryRoot)
    for (const id of new Set(samples.map(({ processId }) => processId))) {
      rmSync(join(mapFolder, `perf-${id}.map`), { force: true })
    }
    return samples
  }
}
