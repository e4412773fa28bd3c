import { expect, it } from 'vitest'
import { installCommand } from '../../src/build-requirements.js'

it.each([
  [
    'linux',
    'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
    'apt-get install libtorrent-rasterbar-dev',
  ],
  ['linux', 'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n', 'apt-get install'],
  [
    'linux',
    'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\n',
    'dnf install rb_libtorrent-devel',
  ],
  ['linux', 'NAME="Alpine Linux"\nID=alpine\n', 'apk add libtorrent-rasterbar-dev'],
  ['darwin', '', 'brew install libtorrent-rasterbar'],
])(
  'names the command of the system that installs what a build needs: %s, %j',
  (platform, osRelease, command) => {
    expect(installCommand(platform, osRelease)).toContain(command)
  },
)

it('names no command of a system that it does not know', () => {
  expect(installCommand('linux', 'ID=constructor\n')).toBeUndefined()
  expect(installCommand('linux', '')).toBeUndefined()
  expect(installCommand('freebsd', '')).toBeUndefined()
})
