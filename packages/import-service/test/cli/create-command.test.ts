import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestCli } from '../support/test-cli.js'

let cli: TestCli

beforeEach(async () => {
  cli = await TestCli.create()
})

afterEach(() => cli[Symbol.asyncDispose]())

describe('bae create', () => {
  it('makes what it is asked for, and writes it where it is told', async () => {
    const target = join(cli.folder.path, 'album.torrent')
    const { code, output } = await cli.run([
      ...['create', join(cli.folder.path, 'album'), '--output', target, '--format', 'hybrid'],
      ...[
        '--piece-length',
        '1 MiB',
        '--tracker',
        'http://a.example/announce',
        '--tracker',
        'udp://b.example:1',
      ],
      ...['--web-seed', 'https://c.example/', '--comment', 'for all', '--private'],
    ])
    expect([code, output.stderr]).toEqual([0, ''])
    expect(cli.created).toEqual([
      {
        path: join(cli.folder.path, 'album'),
        options: expect.objectContaining({
          format: 'hybrid',
          pieceLengthBytes: 1024 * 1024,
          trackers: ['http://a.example/announce', 'udp://b.example:1'],
          webSeeds: ['https://c.example/'],
          comment: 'for all',
          creator: 'bae',
          isPrivate: true,
        }),
      },
    ])
    expect(await readFile(target, 'utf8')).toBe('torrent')
    expect(output.stdout).toMatch(
      /^made .*album\.torrent: 2 files, 16\.0 KiB, 2 pieces of 16\.0 KiB\n {2}info hash {2}a{40}\n$/,
    )
  })

  it('says the same as one object for scripts', async () => {
    const target = join(cli.folder.path, 'album.torrent')
    const { output } = await cli.run(['create', cli.folder.path, '--output', target, '--json'])
    expect(output.events).toEqual([
      {
        path: target,
        infoHash: 'a'.repeat(40),
        infoHashV1: 'a'.repeat(40),
        infoHashV2: null,
        name: 'album',
        bytes: 16_394,
        files: 2,
        pieces: 2,
        pieceLengthBytes: 16_384,
      },
    ])
  })

  it('does not overwrite', async () => {
    await writeFile(cli.torrentPath, 'old')
    const { code, output } = await cli.run(['create', cli.folder.path, '--output', cli.torrentPath])
    expect(code).toBe(1)
    expect(output.stderr).toMatch(
      /album\.torrent is there already; name another place \[IMPORT_EXPORT_EXISTS\]/,
    )
    expect(await readFile(cli.torrentPath, 'utf8')).toBe('old')
  })

  it('says why it cannot write', async () => {
    const { code, output } = await cli.run(['create', cli.folder.path, '--output', '/nowhere/a.torrent'])
    expect([code, output.stderr]).toEqual([
      1,
      expect.stringMatching(/cannot be written: its folder is not there.*IMPORT_EXPORT_FAILED/),
    ])
  })

  it.each([
    [['--format', 'v3'], /--format is 'v1', 'v2' or 'hybrid', not 'v3'/],
    [['--piece-length', '3 MiB'], /--piece-length takes a power of two/],
    [['--piece-length', '1 KiB'], /--piece-length takes a power of two/],
    [['--piece-length', '128 MiB'], /--piece-length takes a power of two/],
    [['--tracker', 'a.example'], /--tracker takes an address/],
    [['--web-seed', 'http://'], /--web-seed takes an address/],
  ])('refuses %s before it reads anything', async (options, message) => {
    const { code, output } = await cli.run(['create', cli.folder.path, ...options])
    expect([code, cli.created]).toEqual([2, []])
    expect(output.stderr).toMatch(message)
  })
})
