import { mkdir } from 'node:fs/promises'
import { ControlServer } from '../../src/control/control-server.js'
import { FakeService } from './fake-service.js'
import { TestCli } from './test-cli.js'

/** A command line beside a service that runs on its library. */
export class ServedCli implements AsyncDisposable {
  readonly cli: TestCli
  readonly service: FakeService
  readonly server: ControlServer

  private constructor(cli: TestCli, service: FakeService, server: ControlServer) {
    this.cli = cli
    this.service = service
    this.server = server
  }

  static async create(): Promise<ServedCli> {
    const cli = await TestCli.create()
    const service = new FakeService()
    const directory = String(cli.environment.BAE_LIBRARY)
    await mkdir(directory)
    await cli.saveTorrentFile()
    const server = await ControlServer.open(
      service.deps(() => cli.layout),
      directory,
    )
    return new ServedCli(cli, service, server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close()
    await this.cli[Symbol.asyncDispose]()
  }
}
