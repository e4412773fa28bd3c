import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { giveAway } from './throwaway-server.js'

const run = promisify(execFile)

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

export async function hasOpenssl(): Promise<boolean> {
  return await run('openssl', ['version']).then(
    () => true,
    () => false,
  )
}

/** An authority of a test's own in `directory`, which signs what it is told to. */
export class TestAuthority {
  readonly #directory: string
  readonly #name: string

  private constructor(directory: string, name: string) {
    this.#directory = directory
    this.#name = name
  }

  static async make(directory: string, name: string): Promise<TestAuthority> {
    const authority = new TestAuthority(directory, name)
    const files = ['-keyout', authority.#path(`${name}.key`), '-out', authority.certificate]
    await run('openssl', ['req', '-x509', ...newKey, ...files, '-days', '2', '-subj', `/CN=${name}`])
    return authority
  }

  get certificate(): string {
    return this.#path(`${this.#name}.crt`)
  }

  /** For a host, or a client: `name` is both its common name and a DNS name. */
  async sign(name: string): Promise<{ readonly certificate: string; readonly key: string }> {
    const certificate = this.#path(`${name}.crt`)
    const key = this.#path(`${name}.key`)
    const [request, extensions] = [this.#path(`${name}.csr`), this.#path(`${name}.ext`)]
    await writeFile(extensions, `subjectAltName = DNS:${name}\n`)
    await run('openssl', ['req', ...newKey, '-keyout', key, '-out', request, '-subj', `/CN=${name}`])
    const authority = ['-CA', this.certificate, '-CAkey', this.#path(`${this.#name}.key`), '-CAcreateserial']
    const signed = ['-in', request, ...authority, '-extfile', extensions, '-days', '2', '-out', certificate]
    await run('openssl', ['x509', '-req', ...signed])
    await chmod(key, 0o600)
    await giveAway(key)
    return { certificate, key }
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }
}
