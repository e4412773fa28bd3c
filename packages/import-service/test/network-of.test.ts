import { expect, it } from 'vitest'
import { readConfig } from '../src/config/read-config.js'
import { networkOf } from '../src/network-of.js'

const user = { isRoot: false, homeDirectory: '/nowhere' }

async function networkFor(variables: Readonly<Record<string, string>>) {
  return networkOf(await readConfig({}, { environment: { BAE_CONFIG: '/dev/null', ...variables }, user }))
}

it('a session is told every setting of the network, also those that nobody said, so that it can go back to them', async () => {
  expect(await networkFor({})).toEqual({
    listenInterfaces: '0.0.0.0:6881,[::]:6881',
    encryption: 'enabled',
    enableDht: true,
    enableLsd: true,
    enableUpnp: true,
    enableNatPmp: true,
    enableIncomingUtp: true,
    maxDownloadBytesPerSecond: 0,
    maxUploadBytesPerSecond: 0,
    settings: { allow_multiple_connections_per_ip: true },
  })
})

it('what is set gets to the session', async () => {
  const variables = {
    BAE_LISTEN: '127.0.0.1:7000',
    BAE_ENCRYPTION: 'forced',
    BAE_LSD: 'on',
    BAE_DOWNLOAD_RATE: '2 KiB/s',
    BAE_UPLOAD_RATE: '1 KiB/s',
  }
  expect(await networkFor(variables)).toMatchObject({
    listenInterfaces: '127.0.0.1:7000',
    encryption: 'forced',
    enableDht: false,
    enableLsd: true,
    enableUpnp: false,
    enableNatPmp: false,
    enableIncomingUtp: false,
    maxDownloadBytesPerSecond: 2048,
    maxUploadBytesPerSecond: 1024,
  })
})
