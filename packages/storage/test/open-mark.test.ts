import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OpenMark } from '../src/open-mark.js'
import { temporaryDirectory } from './temporary-directory.js'

const dist = new URL('../dist/open-mark.js', import.meta.url).href

/** A process that has the folder open until it is told to end. */
async function openElsewhere(directory: string) {
  const program = `const { OpenMark } = await import(${JSON.stringify(dist)})
    const mark = await OpenMark.open(${JSON.stringify(directory)})
    process.stdout.write(String(mark.afterUncleanStop))
    process.stdin.once('data', () => mark.close().then(() => process.exit()))`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    afterUncleanStop: said.toString() === 'true',
    close: async () => {
      child.stdin.write('end')
      await once(child, 'exit')
    },
    kill: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function isUnclean(directory: string): Promise<boolean> {
  await using mark = await OpenMark.open(directory)
  return mark.afterUncleanStop
}

describe('the mark of an open library', () => {
  it('is gone when the last process has closed it: that is clean', async () => {
    const directory = await temporaryDirectory()
    expect(await isUnclean(directory)).toBe(false)
    const other = await openElsewhere(directory)
    expect([other.afterUncleanStop, await isUnclean(directory)]).toEqual([false, false])
    await other.close()
    expect(await isUnclean(directory)).toBe(false)
    expect(await readdir(join(directory, 'open'))).toEqual([])
  })

  it('tells of one killed process among others, to all who open it until everything was found sound', async () => {
    const directory = await temporaryDirectory()
    const [first, second] = [await openElsewhere(directory), await openElsewhere(directory)]
    await first.kill()
    expect(await isUnclean(directory)).toBe(true)
    await second.close()
    expect(await isUnclean(directory)).toBe(true)
    await using mark = await OpenMark.open(directory)
    await mark.allSound()
    expect(await isUnclean(directory)).toBe(false)
  })

  it('does not forget a stop that came while everything was being checked', async () => {
    const directory = await temporaryDirectory()
    await (await openElsewhere(directory)).kill()
    const other = await openElsewhere(directory)
    await using mark = await OpenMark.open(directory)
    await other.kill()
    expect(await isUnclean(directory)).toBe(true)
    await mark.allSound()
    expect(await isUnclean(directory)).toBe(true)
  })

  it('of another boot, or of a process whose number another one has now, is that of an unclean stop', async () => {
    for (const change of [
      (name: string) => name.replace(/^[^.]*/, 'another-boot'),
      (name: string) => name.replace(/\.(\d+)\.[^.]*$/, '.1.same'),
    ]) {
      const directory = await temporaryDirectory()
      await using _ = await OpenMark.open(directory)
      const [name = ''] = await readdir(join(directory, 'open'))
      await writeFile(join(directory, 'open', change(name)), '')
      expect(await isUnclean(directory)).toBe(true)
      expect(await readdir(join(directory, 'open'))).toEqual([name])
    }
  })

  it('rejects STORAGE_IO where the folder is none', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'open'), '')
    await expect(OpenMark.open(directory)).rejects.toMatchObject({ code: 'STORAGE_IO' })
  })
})
