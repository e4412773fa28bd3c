import { randomBytes } from 'node:crypto'
import { chmod, chown, link, lstat, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { ImportError, systemErrorCode } from '../errors.js'

/**
 * In the library: the socket itself, or a file that names it where the library's path is too long for one, or its file
 * system knows no sockets.
 */
const controlName = 'control.sock'

/** The kernel takes no longer path of a socket. */
const maxPathBytes = 107
const placePrefix = 'bae-control-'
const probeWithinMs = 2_000
/** Of services that start at the same time, and each finds what a dead one has left. */
const attempts = 5

/** What to connect to; `undefined` where no service was. Rejects IMPORT_SERVICE_UNREACHABLE where that cannot be read. */
export async function findControlSocket(directory: string): Promise<string | undefined> {
  return await targetOf(join(directory, controlName))
}

/**
 * Lets `server` listen where commands look for it. What a dead service has left is replaced; a living one rejects
 * IMPORT_SERVICE_RUNNING. Resolves to what takes the place away again, before the server is closed.
 */
export async function listenInLibrary(server: Server, directory: string): Promise<() => Promise<void>> {
  const path = join(directory, controlName)
  await clearDead(path)
  const { socket, publish } = await bind(server, directory, path)
  try {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (await publish()) return await whatRemoves(path, socket)
      await clearDead(path)
    }
    throw running(directory)
  } catch (error) {
    await rm(dirname(socket), { recursive: true, force: true })
    throw error
  }
}

interface Bound {
  readonly socket: string
  /** False: something is there already. */
  readonly publish: () => Promise<boolean>
}

/** Nobody may come in before the mode is right: it begins in a folder of its own. */
async function bind(server: Server, directory: string, path: string): Promise<Bound> {
  const { mode, gid } = await stat(directory)
  const socketMode = (mode & 0o020) === 0 ? 0o600 : 0o660
  const open = async (socket: string): Promise<void> => {
    await chmod(socket, socketMode)
    // Where it may not be given to the library's group, that group has no use for it.
    if (socketMode === 0o660) await chown(socket, -1, gid).catch(() => {})
  }
  const inside = await listenIn(server, join(directory, '.control-'))
  if (inside !== undefined) {
    await open(inside)
    return { socket: inside, publish: () => created(link(inside, path)) }
  }
  const outside = await listenIn(server, join(tmpdir(), placePrefix))
  if (outside === undefined) {
    throw new ImportError('IMPORT_LIBRARY_UNWRITABLE', `no socket can be made for the library ${directory}`)
  }
  await open(outside)
  return {
    socket: outside,
    publish: () => created(writeFile(path, `${outside}\n`, { flag: 'wx', mode: socketMode })),
  }
}

/** The socket in a new private folder; `undefined` where there can be none. */
async function listenIn(server: Server, prefix: string): Promise<string | undefined> {
  const folder = await mkdtemp(prefix)
  const socket = join(folder, 's')
  try {
    if (Buffer.byteLength(socket) <= maxPathBytes && (await canLink(folder))) {
      await listening(server, socket)
      return socket
    }
  } catch {
    // The file system refused; which error it says so with differs.
  }
  await rm(folder, { recursive: true, force: true })
  return undefined
}

/** A file system without hard links has no sockets either, and some refuse only links. */
async function canLink(folder: string): Promise<boolean> {
  const [one, other] = [join(folder, 'one'), join(folder, 'other')]
  await writeFile(one, '')
  await link(one, other)
  await Promise.all([rm(one), rm(other)])
  return true
}

function listening(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function created(creating: Promise<void>): Promise<boolean> {
  try {
    await creating
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false
    throw error
  }
}

async function whatRemoves(path: string, socket: string): Promise<() => Promise<void>> {
  const inLibrary = dirname(dirname(socket)) === dirname(path)
  if (inLibrary) await rm(dirname(socket), { recursive: true, force: true })
  const ours = await lstat(path)
  return async () => {
    const now = await lstat(path).catch(() => undefined)
    if (now?.ino === ours.ino) await rm(path, { force: true })
    if (!inLibrary) await rm(dirname(socket), { recursive: true, force: true })
  }
}

/** Takes away what nobody answers at. Rejects IMPORT_SERVICE_RUNNING where somebody does. */
async function clearDead(path: string): Promise<void> {
  if (!(await isThere(path))) return
  if (await isAlive(path)) throw running(dirname(path))
  const aside = `${path}.${randomBytes(4).toString('hex')}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return
    throw error
  }
  // Another service may have put its own there in between.
  if (await isAlive(aside)) {
    await created(link(aside, path)).catch(() => rename(aside, path))
    await rm(aside, { force: true })
    throw running(dirname(path))
  }
  const target = await targetOf(aside)
  await rm(aside, { force: true })
  if (target !== undefined && basename(dirname(target)).startsWith(placePrefix)) {
    await rm(dirname(target), { recursive: true, force: true })
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined
}

async function targetOf(path: string): Promise<string | undefined> {
  // Who may not look into the library opens it next, and is told why that fails.
  const facts = await lstat(path).catch(() => undefined)
  if (facts?.isSocket()) return path
  if (!facts?.isFile()) return undefined
  try {
    return (await readFile(path, 'utf8')).trim() || undefined
  } catch (cause) {
    if (systemErrorCode(cause) === 'ENOENT') return undefined
    // It names a service, so there is one, as far as anybody here can tell.
    const message = `${path}, which says where the service of this library is, cannot be read`
    throw new ImportError('IMPORT_SERVICE_UNREACHABLE', message, { cause })
  }
}

async function isAlive(path: string): Promise<boolean> {
  const target = await targetOf(path)
  if (target === undefined) return false
  return await new Promise((resolve) => {
    const socket = connect(target)
    const answer = (alive: boolean): void => {
      socket.destroy()
      resolve(alive)
    }
    socket.setTimeout(probeWithinMs, () => answer(true))
    socket.once('connect', () => answer(true))
    socket.once('error', (error) => answer(!isDead(error)))
  })
}

/** Nobody listens there, or it is no socket. */
export function isDead(error: unknown): boolean {
  return ['ECONNREFUSED', 'ENOENT', 'ENOTSOCK', 'ENOTDIR', 'EINVAL'].includes(systemErrorCode(error) ?? '')
}

function running(directory: string): ImportError {
  return new ImportError('IMPORT_SERVICE_RUNNING', `a service runs on the library ${directory} already`)
}
