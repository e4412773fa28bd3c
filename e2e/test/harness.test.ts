import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ChildProgram } from '../harness/child-program.js'
import { needs } from '../harness/foreign-program.js'
import { freePort } from '../harness/free-port.js'
import { makeHandmadeTorrent } from '../harness/handmade-torrent.js'
import { MemoryWatch, processTree } from '../harness/memory-watch.js'
import { makeFilePayload, PseudoRandomBytes } from '../harness/payload.js'
import { refuseOldProgram } from '../harness/program-made-of.js'
import { readTorrent } from '../harness/read-torrent.js'
import { mebibyte } from '../harness/sizes.js'
import { makeTemporaryFolder, removeFolder } from '../harness/temporary-folder.js'
import { makeTorrent, systemPython } from '../harness/torrent-maker.js'

// What measures must be right itself: these are the instruments of the other tests.
describe('the instruments', () => {
  it('the memory watch counts a program and its children together', async () => {
    const hold = `const held = Buffer.alloc(80 * 1024 * 1024, 1); console.log('held'); setInterval(() => held, 1000)`
    const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(hold)}], { stdio: 'inherit' }); ${hold}`
    await using program = new ChildProgram(process.execPath, ['-e', parent])
    await using watch = new MemoryWatch({
      one: async () => [program.pid],
      all: () => processTree(program.pid),
    })
    // Both lines may come at once.
    let held = 0
    await program.nextLine(60_000, () => ++held === 2)
    const pids = await processTree(program.pid)
    expect(pids).toHaveLength(2)
    await watch.stop()
    expect(watch.peakBytes('one')).toBeGreaterThan(80 * mebibyte)
    expect(watch.peakBytes('one')).toBeLessThan(160 * mebibyte)
    expect(watch.peakBytes('all')).toBeGreaterThan(160 * mebibyte)
    for (const pid of pids.slice(1)) process.kill(pid, 'SIGKILL')
  })

  it('no port is given to two programs', async () => {
    const ports = new Set<number>()
    for (let count = 0; count < 600; count += 1) ports.add(await freePort())
    expect(ports.size).toBe(600)
  })

  it('the same seed gives the same bytes, and another one others', () => {
    const [first, again, other] = ['a', 'a', 'b'].map((seed) => new PseudoRandomBytes(seed).next(1000))
    expect(first).toEqual(again)
    expect(first).not.toEqual(other)
  })

  it('a torrent written by hand is one that libtorrent takes, with the same info hash', async (context) => {
    needs(context, 'python3-libtorrent')
    const { torrentFile, infoHash } = makeHandmadeTorrent('a', [
      { path: ['b', 'c d'], bytes: new Uint8Array(20_000) },
      { path: ['e'], bytes: new Uint8Array(0) },
    ])
    const code = 'import libtorrent,sys; print(libtorrent.torrent_info(sys.stdin.buffer.read()).info_hash())'
    const told = execFileSync(systemPython, ['-c', code], { input: torrentFile, encoding: 'utf8' })
    expect(told.trim()).toBe(Buffer.from(infoHash).toString('hex'))
  })

  it('the info hash of a torrent that libtorrent made is read as libtorrent reads it', async (context) => {
    needs(context, 'python3-libtorrent')
    const folder = await makeTemporaryFolder()
    try {
      const payload = await makeFilePayload(folder, 100_000)
      const torrent = await makeTorrent(payload, 16_384, join(folder, 'a.torrent'))
      const code = 'import libtorrent,sys; print(libtorrent.torrent_info(sys.argv[1]).info_hash())'
      const told = execFileSync(systemPython, ['-c', code, torrent.path], { encoding: 'utf8' })
      expect(told.trim()).toBe(Buffer.from((await readTorrent(torrent)).infoHash).toString('hex'))
    } finally {
      await removeFolder(folder)
    }
  })

  it('a program is refused that was made of other modules', async () => {
    const packages = await makeTemporaryFolder()
    const program = join(packages, 'import-service/dist/program')
    try {
      await mkdir(program, { recursive: true })
      await writeFile(join(packages, 'one.js'), 'one')
      const digest = createHash('sha256').update('one').digest('hex')
      await writeFile(join(program, 'made-of.json'), JSON.stringify({ 'one.js': digest }))
      refuseOldProgram(packages)
      await writeFile(join(packages, 'one.js'), 'another')
      expect(() => refuseOldProgram(packages)).toThrow('made of another one.js')
    } finally {
      await removeFolder(packages)
    }
  })
})
