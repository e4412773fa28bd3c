import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Addon } from './addon.js'
import { NativeError } from './errors.js'

let loaded: Addon | undefined

/** The only place that loads a .node file: a prebuilt one, else the one built here. */
export function loadBinding(): Addon {
  loaded ??= load()
  return loaded
}

function load(): Addon {
  const require = createRequire(import.meta.url)
  const packageDirectory = join(dirname(fileURLToPath(import.meta.url)), '..')
  const find = require('node-gyp-build') as (directory: string) => Addon
  try {
    return find(packageDirectory)
  } catch (cause) {
    throw new NativeError(
      'NATIVE_BINDING_NOT_FOUND',
      `no addon could be loaded for ${process.platform} ${process.arch}, Node ${process.version}. ` +
        'On Debian or Ubuntu: apt-get install libtorrent-rasterbar-dev pkg-config g++ make python3, then npm rebuild @bae/native',
      { cause },
    )
  }
}
