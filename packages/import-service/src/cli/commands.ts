import type { RunCommand } from './command.js'
import type { Offer, OptionName } from './option-syntax.js'

export interface Positional {
  /** As in the usage line. */
  readonly name: string
  readonly isOptional?: true
  /** None, one or many; only the last may be. */
  readonly mayRepeat?: true
  readonly offer?: Offer
}

/** All that is told of a command: help, the manual page, completions and the README's table are made of this. */
export interface CommandEntry {
  readonly name: string
  readonly positionals: readonly Positional[]
  readonly summary: string
  /** Prose; where its lines end does not matter. */
  readonly description: string
  /** The options it takes and what each does, in the order in which they are shown. */
  readonly options: Readonly<Partial<Record<OptionName, string>>>
  /** Commands are loaded when they are called. */
  readonly load: () => Promise<RunCommand>
}

const id: Positional = { name: 'ID', offer: 'ids' }
const library = 'the library'
const config = 'the file of settings, in place of BAE_CONFIG and of ~/.config/bae/bae.yaml'
const asked = 'print {"id", "infoHash", "name", "state", "isServed"}'

export const commands: readonly CommandEntry[] = [
  {
    name: 'demo',
    positionals: [],
    summary: 'make a small album, import it from a peer, prove it',
    description: `Makes a small album of computed music (about 30 MiB), gives it to a second libtorrent session
      on this machine, imports it from there, verifies every piece, exports it and compares it with the original.
      Uses a library of its own in the temporary folder.`,
    options: { library: 'import into this library instead', config },
    load: async () => (await import('./demo-command.js')).runDemoCommand,
  },
  {
    name: 'import',
    positionals: [{ name: 'SOURCE', offer: 'files' }],
    summary: 'import a .torrent file, magnet link or http(s) address',
    description: `Imports a torrent into the library and waits until it is complete. SOURCE is the path of a
      .torrent file, a magnet link (in quotes, as shells take its & for themselves), or an http(s) address of a
      .torrent file. The same command goes on where an earlier one stopped; what is complete is not fetched again.
      Where 'bae serve' runs on the library it hands the import over and follows it: stopped, it leaves it there.`,
    options: {
      peer: 'ask this peer at once; may be given more than once',
      select: `import these files alone: '*.flac' in any folder, 'CD1/*', 'CD1/**' with the folders below; may
        be given more than once. Without it all files, or those that the magnet link selects; files that were
        selected before and are complete stay`,
      list: `show the files that would be imported and their sizes, and fetch nothing; of a magnet link peers are
        asked what it holds`,
      library: 'the library; made when it is not there',
      config,
      set: `a setting for this run alone, such as downloadRate='10 MiB/s'; may be given more than once`,
      timeout: 'give up after this time; what is stored by then stays',
      json: 'print one JSON object a line: progress, at last the result',
    },
    load: async () => (await import('./import-command.js')).runImport,
  },
  {
    name: 'serve',
    positionals: [],
    summary: 'import what is handed over, until it is stopped',
    description: `Runs a service on the library: it goes on with every import that is not complete, takes those of
      'bae add', and 'bae import' beside it hands over to it. It needs nobody, and goes on where it was stopped or
      killed. SIGTERM and Ctrl-C stop it cleanly. Who may use its socket in the library may tell it what to do: the
      user who started it, and the group of a library that its group may write.`,
    options: {
      library: 'the library; made when it is not there',
      config,
      set: `a setting, such as downloadRate='10 MiB/s', before the file and the environment; may be given more than once`,
      json: 'print {"event": "ready", "library"}, and {"event": "stopped"} at the end',
    },
    load: async () => (await import('./serve-command.js')).runServe,
  },
  {
    name: 'add',
    positionals: [{ name: 'SOURCE', offer: 'files' }],
    summary: 'hand an import over and return',
    description: `Hands an import to the service of the library and returns. Where no service runs it is recorded, and
      the next one takes it. SOURCE is as for 'bae import'.`,
    options: {
      peer: 'ask this peer whenever it starts; may be given more than once',
      select: "import these files alone, as 'bae import' does; may be given more than once",
      choose: "wait for 'bae select' once it is known which files there are",
      seed: 'go on giving it to others when it is complete',
      paused: "begin with 'bae resume'",
      library: 'the library; made when it is not there',
      config,
      json: 'print {"event": "added", "id", "infoHash", "infoHashV1", "infoHashV2", "name", "state", "isServed"}',
    },
    load: async () => (await import('./add-command.js')).runAdd,
  },
  {
    name: 'watch',
    positionals: [{ ...id, isOptional: true, mayRepeat: true }],
    summary: 'show what the service does, as it does it',
    description: `Shows the imports of the service with their progress, speed and peers until Ctrl-C; in a pipe one line
      a change. With IDs these alone, until each of them has ended or waits for somebody: then it exits 0 where all are
      complete, else 1.`,
    options: {
      library,
      config,
      json: `print {"event": "progress", "id", "name", "state", "pieces", "totalPieces", "bytes", "totalBytes",
        "downloadBytesPerSecond", "peers", "error"} for each change`,
    },
    load: async () => (await import('./watch-command.js')).runWatch,
  },
  {
    name: 'pause',
    positionals: [id],
    summary: "stop an import until 'bae resume'",
    description: `Stops an import, or one that is seeded, until 'bae resume'. What is stored stays.`,
    options: { library, config, json: asked },
    load: async () => (await import('./control-commands.js')).runPause,
  },
  {
    name: 'resume',
    positionals: [id],
    summary: 'let an import go on',
    description: 'Lets an import go on that was paused or cancelled, or that failed.',
    options: { library, config, json: asked },
    load: async () => (await import('./control-commands.js')).runResume,
  },
  {
    name: 'recheck',
    positionals: [id],
    summary: 'read an import again, fetch what is wrong',
    description: `Reads everything that is stored of an import and compares the hashes; what is wrong is healed from another
      copy or fetched again.`,
    options: { library, config, json: asked },
    load: async () => (await import('./control-commands.js')).runRecheck,
  },
  {
    name: 'cancel',
    positionals: [id],
    summary: 'end an import, keep what is stored',
    description: `Ends an import for good and keeps what is stored: 'bae resume' would go on from there, 'bae remove' deletes
      it.`,
    options: { library, config, json: asked },
    load: async () => (await import('./control-commands.js')).runCancel,
  },
  {
    name: 'seed',
    positionals: [id],
    summary: 'give an import to others when it is complete',
    description: `Lets the service give an import to others once it is complete, until it is told --off.`,
    options: { off: 'no longer', library, config, json: asked },
    load: async () => (await import('./control-commands.js')).runSeed,
  },
  {
    name: 'select',
    positionals: [id],
    summary: 'say which files of an import are wanted',
    description: `Says which files of an import are wanted, in place of what was said before. One that was added with
      --choose goes on with them.`,
    options: {
      select: "these files, as for 'bae import'; may be given more than once",
      library,
      config,
      json: asked,
    },
    load: async () => (await import('./control-commands.js')).runSelect,
  },
  {
    name: 'reload',
    positionals: [],
    summary: 'let the service read its settings again',
    description: `Lets the service read its settings again, as SIGHUP does: what may change holds at once, for the rest it says
      that a restart is needed. 'bae config' shows which is which.`,
    options: {
      library,
      config,
      json: 'print {"changed": [{"key", "from", "to"}], "needRestart": [{"key", "from", "to"}]}',
    },
    load: async () => (await import('./reload-command.js')).runReload,
  },
  {
    name: 'events',
    positionals: [],
    summary: 'show what happened to the imports, and why',
    description: `Shows the changes of all imports, oldest first: number, time, import, states, reason. The newest 100,000
      are kept; who asks for older ones is told how many are missing.`,
    options: {
      follow: 'go on with what happens, until Ctrl-C',
      after: 'those after the event of this number',
      library,
      config,
      json: `print {"seq", "atMs", "importId", "from", "to", "reason": {"code", "message", "error"}} for each, and
        {"event": "lagged", "after", "firstSeq", "missing"} where some are kept no more`,
    },
    load: async () => (await import('./events-command.js')).runEvents,
  },
  {
    name: 'list',
    positionals: [],
    summary: 'show the imports of the library',
    description: `Shows the imports of the library, oldest first. The ID column is the beginning of the info hash;
      every command takes it. DONE and SIZE are of the selected files.`,
    options: { library, config, json: 'print one array with everything that is known of each import' },
    load: async () => (await import('./list-command.js')).runList,
  },
  {
    name: 'show',
    positionals: [id],
    summary: 'show one import with its files',
    description: 'Shows one import with its files. ID is an id, an info hash, or the beginning of one.',
    options: { library, config, json: "print one object, as in the array of 'bae list --json'" },
    load: async () => (await import('./show-command.js')).runShow,
  },
  {
    name: 'verify',
    positionals: [{ ...id, isOptional: true }],
    summary: 'read everything back, compare the hashes, repair',
    description: `Reads every stored piece of an import, or of all imports, and compares its hash with the
      torrent's. Exits 1 when something is wrong, and names it: the file, its pieces, and each damaged chunk with the
      place where it is ('here', 'remote', 'both', or 'gone').`,
    options: {
      repair: `heal damaged chunks from another copy; pieces for which there is none are taken from the records, so
        that 'bae import' fetches just them. Exits 0 where all could be healed`,
      library,
      config,
      json: `print {"id", "pieces", "ok", "bad", "files", "repair"}: pieces checked, pieces right, for each bad one
        {"piece", "files", "chunk"}, for each bad file {"path", "pieces", "chunks": [{"key", "local", "remote"}]}, and
        with --repair {"healedChunks", "lostPieces"}. Without ID an array of these; one that failed is {"id", "error"}`,
    },
    load: async () => (await import('./verify-command.js')).runVerify,
  },
  {
    name: 'export',
    positionals: [id, { name: 'DIR', offer: 'folders' }],
    summary: 'write the files to DIR/<name>',
    description: `Writes the files of a complete import to DIR/<name>/... (a single file: DIR/<name>); where some were
      selected, those. Never overwrites; a failed export leaves nothing. Names that would leave DIR, or that file
      systems refuse, are made safe: 'bae show' lists them as they will be.`,
    options: {
      attributes: `make files executable that the torrent calls so, and its symbolic links, as far as they lead to
        what is exported`,
      library,
      config,
      json: 'print {"id", "path", "files", "bytes", "unselected", "links"} at the end',
    },
    load: async () => (await import('./export-command.js')).runExport,
  },
  {
    name: 'cat',
    positionals: [id, { name: 'PATH' }],
    summary: 'write one file to the standard output',
    description: `Writes one file of an import to the standard output. PATH is as 'bae show' lists it.`,
    options: { library, config },
    load: async () => (await import('./cat-command.js')).runCat,
  },
  {
    name: 'pin',
    positionals: [id],
    summary: 'keep an import here, before a remote folder',
    description: `Keeps an import in the library's own folder where a remote folder would take its chunks
      (BAE_CAPACITY, BAE_REMOTE): none of them goes to make room. What has gone before comes back to stay when it is
      read, by 'bae verify' for example. Pinning it again changes nothing; 'bae unpin' ends it.`,
    options: { library, config, json: 'print {"id", "infoHash", "name", "pinned": true}' },
    load: async () => (await import('./pin-commands.js')).runPin,
  },
  {
    name: 'unpin',
    positionals: [id],
    summary: 'let a pinned import go to the remote folder',
    description: `Lets an import that was pinned go to the remote folder again when room is needed. One that is not
      pinned is fine.`,
    options: { library, config, json: 'print {"id", "infoHash", "name", "pinned": false}' },
    load: async () => (await import('./pin-commands.js')).runUnpin,
  },
  {
    name: 'remove',
    positionals: [id],
    summary: 'delete an import and what only it holds',
    description: `Deletes an import and all that only it holds; chunks that another import shares stay. A service that
      runs gives it up; it refuses while 'bae import' runs for it. What was exported is not touched.`,
    options: { library, config, json: 'print {"id", "infoHash", "name", "bytes"} of what was removed' },
    load: async () => (await import('./remove-command.js')).runRemove,
  },
  {
    name: 'rebuild',
    positionals: [],
    summary: 'make a lost database anew from the store',
    description: `Makes the database of a library anew from the library's own store: for a database that was lost, or
      is of another PostgreSQL and is then put aside. Imports that were not complete go on with 'bae import'. Exits 1
      when something could not be brought back.`,
    options: {
      verify: `read every chunk and compare it with its key; otherwise what is there is believed, and 'bae verify ID'
        can check it later`,
      add: 'add what is missing to a database that has records',
      library,
      config,
      json: `print {"imports": [{"id", "infoHash", "name", "pieces", "totalPieces", "missingChunks"}], "skipped":
        [{"id", "code", "message"}]}`,
    },
    load: async () => (await import('./rebuild-command.js')).runRebuild,
  },
  {
    name: 'gc',
    positionals: [],
    summary: 'delete what crashes have left over',
    description: `Deletes what a crash may have left in the library: bytes that no record names, chunks that nothing
      refers to, temporary files that are an hour old. Imports may run meanwhile. Torrents that only the store knows
      are no garbage: it refuses, as the database may have been lost, and 'bae rebuild' brings them back.`,
    options: {
      'dry-run': 'only tell what would be deleted',
      'forget-unknown': 'delete torrents that only the store knows, too',
      library,
      config,
      json: `print {"event": "garbage", "kind", "name"} for each thing, then {"event": "done", "dryRun", "found":
        {KIND: COUNT}}`,
    },
    load: async () => (await import('./gc-command.js')).runGc,
  },
  {
    name: 'create',
    positionals: [{ name: 'PATH', offer: 'files' }],
    summary: 'make a .torrent of a file or a folder',
    description: `Makes a .torrent file of the file or the folder at PATH: NAME.torrent in the current folder. An
      existing file is not overwritten. Needs no library, and puts nothing into one.`,
    options: {
      output: 'write it to this file',
      format: `'v1' (as it is), 'v2' or 'hybrid': by BEP 3, BEP 52, or both in one`,
      'piece-length': `a power of two from '16 KiB' to '64 MiB'; one that suits the size when left out`,
      tracker: 'tell peers of this tracker; may be given more than once',
      'web-seed': 'a web server that has the files; may be given more than once',
      comment: 'a text for people',
      private: 'peers come from its trackers alone',
      json: `print {"path", "infoHash", "infoHashV1", "infoHashV2", "name", "bytes", "files", "pieces",
        "pieceLengthBytes"}`,
    },
    load: async () => (await import('./create-command.js')).runCreate,
  },
  {
    name: 'doctor',
    positionals: [],
    summary: 'look for what is usually wrong, and say what to do',
    description: `Looks at what an import needs: this program and libtorrent, the library and its disk, the database,
      the network, and the limits of this session. Exits 1 when something would keep an import from working, and says
      what to do; 'warn' is for what works, but not well.`,
    options: { library, config, json: 'print {"ok", "items": [{"name", "status", "detail", "advice"}]}' },
    load: async () => (await import('./doctor-command.js')).runDoctor,
  },
  {
    name: 'config',
    positionals: [],
    summary: 'show every setting, and who said it',
    description: `Shows every setting with its value and with who said it: nobody (default), the file with the line, a
      variable of the environment, or the command line. Of these the last one counts. Passwords are not shown.`,
    options: {
      library,
      config,
      set: `a setting, such as downloadRate='10 MiB/s'; may be given more than once`,
      json: `print {"file": {"path", "isThere"}, "settings": {KEY: {"value", "from", "where", "isLive"}},
        "unknownVariables"}: "isLive" settings need no restart of a service`,
    },
    load: async () => (await import('./config-command.js')).runConfig,
  },
  {
    name: 'completion',
    positionals: [{ name: 'SHELL', offer: ['bash', 'zsh', 'fish'] }],
    summary: 'print a script that lets bash, zsh or fish complete',
    description: `Prints what lets a shell complete the words of bae. For bash put 'source <(bae completion bash)' into
      ~/.bashrc; for zsh 'source <(bae completion zsh)' into ~/.zshrc, behind its compinit; for fish
      'bae completion fish | source' into ~/.config/fish/config.fish.`,
    options: {},
    load: async () => (await import('./completion-command.js')).runCompletion,
  },
]
