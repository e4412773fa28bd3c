import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Addon } from './addon.js'
import { describeMachine, howToBuild } from './build-requirements.js'
import { asNativeError, NativeError } from './errors.js'
import { whyNotLoaded } from './prebuilt-addons.js'

const packageDirectory = join(dirname(fileURLToPath(import.meta.url)), '..')

let loaded: Addon | undefined

/**
 * The only place that loads a .node file: one built here, else a prebuilt one. Throws NATIVE_BINDING_NOT_FOUND
 * or NATIVE_SELF_TEST_FAILED.
 */
export function loadBinding(): Addon {
  loaded ??= load()
  return loaded
}

function load(): Addon {
  try {
    return open(findBinding())
  } catch (cause) {
    const error = asNativeError(cause)
    if (error instanceof NativeError) throw error
    throw new NativeError(
      'NATIVE_BINDING_NOT_FOUND',
      `no addon could be loaded for ${describeMachine()}: ${whyNotLoaded(cause, packageDirectory)}. ${howToBuild()}`,
      { cause },
    )
  }
}

function findBinding(): string {
  const require = createRequire(import.meta.url)
  const nodeGypBuild = require('node-gyp-build') as { path(directory: string): string }
  return nodeGypBuild.path(packageDirectory)
}

/**
 * Node exports the names of its own OpenSSL. With RTLD_DEEPBIND the libraries of the addon find each other
 * first; without, libssl and libcrypto would run half in Node's code and half in their own.
 */
function open(path: string): Addon {
  const holder = { exports: {} }
  const { RTLD_NOW = 1, RTLD_DEEPBIND = 0 } = constants.dlopen as Partial<typeof constants.dlopen>
  process.dlopen(holder, path, RTLD_NOW | RTLD_DEEPBIND)
  return holder.exports as Addon
}
