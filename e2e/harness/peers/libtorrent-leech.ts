import { ChildProgram } from '../child-program.js'
import { pythonScript, systemPython } from '../torrent-maker.js'

/**
 * Has libtorrent's python module fetch a torrent from a peer of this machine into `folder`, with libtorrent's own
 * disk storage, until it has so many pieces. Answers which.
 */
export async function leech(
  torrentPath: string,
  folder: string,
  from: { readonly port: number; readonly pieces: number },
): Promise<readonly number[]> {
  const args = [pythonScript('leech.py'), torrentPath, folder, String(from.port), String(from.pieces)]
  await using python = new ChildProgram(systemPython, args)
  const { code } = await python.whenExited(30_000)
  if (code !== 0) throw new Error(`the leech ended with ${code}: ${python.stderr}`)
  return (JSON.parse(python.stdout) as { pieces: readonly number[] }).pieces
}
