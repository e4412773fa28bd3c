import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { poll } from './bounded-wait.js'

/** The postmaster.pid files below `folder`: one for each embedded PostgreSQL that runs there, or was killed there. */
export async function findPidFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.name === 'postmaster.pid')
    .map((entry) => join(entry.parentPath, entry.name))
}

/** The PostgreSQL servers that live now and whose cluster lies below `folder`. */
export async function runningServers(folder: string): Promise<readonly number[]> {
  const pids: number[] = []
  for (const file of await findPidFiles(folder).catch(changedIsEmpty)) {
    const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0])
    if (Number.isInteger(pid) && pid > 1 && (await worksBelow(pid, folder))) pids.push(pid)
  }
  return pids
}

/** Ends what a killed bae left running in a folder of the tests. */
export async function stopLeftoverServers(folder: string): Promise<void> {
  for (const pid of await runningServers(folder)) {
    process.kill(pid, 'SIGQUIT')
    await poll(60_000, `PostgreSQL ${pid} ending`, async () =>
      (await worksBelow(pid, folder)) ? undefined : true,
    )
  }
}

/** A pid may have been given to another program since: PostgreSQL's working folder is its cluster. */
async function worksBelow(pid: number, folder: string): Promise<boolean> {
  const workingFolder = await readlink(`/proc/${pid}/cwd`).catch(() => '')
  return workingFolder.startsWith(`${folder}/`)
}

/** A server that starts or stops removes files while we look. */
function changedIsEmpty(error: unknown): readonly string[] {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
  throw error
}
