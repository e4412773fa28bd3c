// Imports into a library with a database of its own, as the command `bae import` does, and verifies and exports it.
import { deepStrictEqual, strictEqual } from 'node:assert'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readConfig, resolveSource } from '@bae/import-service'
import { composition } from '@bae/import-service/compose'
import { createFolder, notes, seedAlbum } from './loopback.js'

await using seed = await seedAlbum()
await using folder = await createFolder()
const torrentPath = join(folder.path, 'album.torrent')
await writeFile(torrentPath, seed.torrentFile)
// Neither the settings of who runs this, nor anybody beyond this machine.
const environment = { BAE_CONFIG: '/dev/null', BAE_LISTEN: '127.0.0.1:0' }
const { peers } = seed
const signal = AbortSignal.timeout(60_000)

// #region readme
const config = await readConfig({ library: join(folder.path, 'library') }, { environment })
await using service = await composition.openForImport(config, { signal })

const source = await resolveSource(composition, torrentPath, { signal })
const job = await service.add(source, { peers, signal })
const { id, name, bytes } = await job.whenCompleted()
const { path } = await service.export(id, join(folder.path, 'exported'), { signal })
console.log(`${name}: ${bytes} bytes, now in ${path}`)
// #endregion

deepStrictEqual((await service.verify(id)).bad, [])
strictEqual(await readFile(join(path, 'notes.md'), 'utf8'), new TextDecoder().decode(notes))
