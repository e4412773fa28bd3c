import type { Command } from './command.js'

export interface CommandEntry {
  readonly name: string
  readonly usage: string
  readonly summary: string
  /** Commands are loaded when they are called. */
  readonly load: () => Promise<Command>
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'demo',
    usage: 'demo',
    summary: 'make a small album, import it from a local peer, prove it',
    load: async () => (await import('./demo-command.js')).demoCommand,
  },
  {
    name: 'import',
    usage: 'import SOURCE',
    summary: 'import a .torrent file, magnet link or http(s) address',
    load: async () => (await import('./import-command.js')).importCommand,
  },
  {
    name: 'list',
    usage: 'list',
    summary: 'show the imports of the library',
    load: async () => (await import('./list-command.js')).listCommand,
  },
  {
    name: 'show',
    usage: 'show ID',
    summary: 'show one import with its files',
    load: async () => (await import('./show-command.js')).showCommand,
  },
  {
    name: 'verify',
    usage: 'verify [ID]',
    summary: 'read everything back, compare the hashes, repair',
    load: async () => (await import('./verify-command.js')).verifyCommand,
  },
  {
    name: 'export',
    usage: 'export ID DIR',
    summary: 'write the files to DIR/<name>',
    load: async () => (await import('./export-command.js')).exportCommand,
  },
  {
    name: 'cat',
    usage: 'cat ID PATH',
    summary: 'write one file to the standard output',
    load: async () => (await import('./cat-command.js')).catCommand,
  },
  {
    name: 'pin',
    usage: 'pin ID',
    summary: 'keep an import here, before a remote folder',
    load: async () => (await import('./pin-commands.js')).pinCommand,
  },
  {
    name: 'unpin',
    usage: 'unpin ID',
    summary: 'let a pinned import go to the remote folder',
    load: async () => (await import('./pin-commands.js')).unpinCommand,
  },
  {
    name: 'remove',
    usage: 'remove ID',
    summary: 'delete an import and what only it holds',
    load: async () => (await import('./remove-command.js')).removeCommand,
  },
  {
    name: 'rebuild',
    usage: 'rebuild',
    summary: 'make a lost database anew from the store',
    load: async () => (await import('./rebuild-command.js')).rebuildCommand,
  },
  {
    name: 'gc',
    usage: 'gc',
    summary: 'delete what crashes have left over',
    load: async () => (await import('./gc-command.js')).gcCommand,
  },
  {
    name: 'doctor',
    usage: 'doctor',
    summary: 'say what was found here: versions, library, database',
    load: async () => (await import('./doctor-command.js')).doctorCommand,
  },
]
