// @ts-check
// Makes prebuilds/<platform>-<arch>/ for the machine it runs on: the addon by prebuildify and, on Linux, beside it
// every library that it needs beyond glibc and libstdc++, stripped, with their licences.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const packageDirectory = join(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)
const folder = join(packageDirectory, 'prebuilds', `${process.platform}-${process.arch}`)

/** What every machine with this C library and C++ has: the rest goes into the package. */
const system = /^(ld-linux.*|linux-vdso|libc|libm|libdl|librt|libpthread|libstdc\+\+|libgcc_s)\.so/

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const result = spawnSync(command, args, { cwd: packageDirectory, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (result.error) throw result.error
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed:\n${result.stdout}${result.stderr}`)
  return result.stdout
}

function buildAddon() {
  const prebuildify = join(dirname(require.resolve('prebuildify')), 'bin.js')
  const prefix = join(dirname(process.execPath), '..')
  // Headers beside this Node need no download.
  if (existsSync(join(prefix, 'include/node/node_version.h'))) process.env.npm_config_nodedir ||= prefix
  process.env.npm_config_jobs ||= 'max'
  run(process.execPath, [prebuildify, '--napi', '--strip', '--tag-libc', '--target', process.version])
  return join(folder, `@bae+native${process.platform === 'linux' ? '.glibc' : ''}.node`)
}

/** Name and place of each library that a file needs, those of other libraries included. @param {string} file */
function librariesOf(file) {
  return [...run('ldd', [file]).matchAll(/^\s*(\S+) => (\/\S+)/gm)].map(([, name = '', path = '']) => ({
    name,
    path,
  }))
}

/** @param {string} addon */
function bringLibraries(addon) {
  const libraries = librariesOf(addon).filter(({ name }) => !system.test(name))
  for (const { name, path } of libraries) {
    const copy = join(folder, name)
    copyFileSync(realpathSync(path), copy)
    run('strip', ['--strip-unneeded', copy])
  }
  for (const { name, path } of librariesOf(addon)) {
    if (!system.test(name) && dirname(path) !== folder)
      throw new Error(`${name} would still be taken from ${path}`)
  }
  return libraries
}

/** The Debian package that a file belongs to. @param {string} path */
function packageOf(path) {
  for (const candidate of [path, realpathSync(path), realpathSync(path).replace(/^\/usr/, '')]) {
    const found = spawnSync('dpkg', ['-S', candidate], { encoding: 'utf8' })
    if (found.status === 0) return found.stdout.split(':')[0] ?? ''
  }
  throw new Error(`no Debian package has ${path}: its licence must be found another way`)
}

/** What is in the binaries is used under these licences, which want their text to go with them. @param {string[]} libraryPaths */
function writeNotices(libraryPaths) {
  const packages = [...new Set(libraryPaths.map(packageOf))].sort()
  const notices = packages.map((name) => {
    const copyright = readFileSync(`/usr/share/doc/${name}/copyright`, 'utf8')
    return section(versionOf(name), copyright) + apacheLicence(name, copyright)
  })
  const napi = dirname(require.resolve('node-addon-api/package.json'))
  notices.push(boostNotice(), section('node-addon-api', readFileSync(join(napi, 'LICENSE.md'), 'utf8')))
  const head = 'The files in this folder contain, or were compiled with, the software below.\n'
  writeFileSync(join(folder, 'THIRD_PARTY_NOTICES.txt'), [head, ...notices].join('\n'))
  return packages
}

/** @param {string} name */
function versionOf(name) {
  return run('dpkg-query', ['-W', name]).trim().replace('\t', ' ')
}

/** Debian's file names the common licences by their place on a Debian machine. @param {string} name @param {string} copyright */
function apacheLicence(name, copyright) {
  const place = '/usr/share/common-licenses/Apache-2.0'
  return copyright.includes(place)
    ? `\n${section(`Apache-2.0, for ${name}`, readFileSync(place, 'utf8'))}`
    : ''
}

/** Only headers are used of Boost; its file of copyrights names each of the thousands that it has. */
function boostNotice() {
  const name = packageOf('/usr/include/boost/version.hpp')
  const copyright = readFileSync(`/usr/share/doc/${name}/copyright`, 'utf8')
  const licence = /^License: BSL-1\.0\n((?: .*\n?)+)/m.exec(copyright)?.[1]
  if (licence === undefined) throw new Error(`the licence of ${name} is not where it was`)
  return section(`${versionOf(name)}, headers`, licence.replace(/^ \.?/gm, ''))
}

/** @param {string} title @param {string} text */
function section(title, text) {
  return `${'='.repeat(78)}\n${title}\n${'='.repeat(78)}\n\n${text.trim()}\n`
}

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const addon = buildAddon()
if (process.platform === 'linux') {
  const libraries = bringLibraries(addon)
  const packages = writeNotices(libraries.map(({ path }) => path))
  console.log(
    `${basename(addon)} with ${libraries.map(({ name }) => name).join(', ')} (${packages.join(', ')})`,
  )
}
