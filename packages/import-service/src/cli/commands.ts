import { type CommandEntry, config, id, library } from './command-entry.js'
import { serviceCommands } from './service-commands.js'

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
    summary: 'import a .torrent file, magnet link or http(s) URL',
    description: `Imports a torrent into the library and waits until it is complete. SOURCE is the path of a
      .torrent file, a magnet link (in quotes, as shells take its & for themselves), or an http(s) address of a
      .torrent file. The same command goes on where an earlier one stopped; what is complete is not fetched again.
      Where 'bae serve' runs on the library it hands the import over and follows it: stopped, it leaves it there.`,
    options: {
      peer: 'ask this peer at once; may be given more than once',
      select: `import these files alone: '*.flac' in any folder, 'CD1/*', 'CD1/**' with the folders below; may
        be given more than once. Without it all files, or those that the magnet link selects; files that were
        selected before and are complete stay`,
      list: `show the files that would be imported and their sizes, and fetch nothing; what a magnet link holds
        peers are asked, where the library does not know it`,
      library: 'the library; made when it is not there',
      config,
      set: `a setting for this run alone, such as downloadRate='10 MiB/s'; may be given more than once`,
      timeout: 'give up after this time; what is stored by then stays',
      json: 'print one JSON object a line: progress, at last the result',
    },
    load: async () => (await import('./import-command.js')).runImport,
  },
  ...serviceCommands,
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
    description: `Looks at what an import needs: this program and libtorrent, the library and its disk, the remote folder where
      one is set, the database, the network, and the limits of this session. Exits 1 when something would keep an import from working, and says
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
    load: async () => (await import('./completion-command.js')).completionOf(commands),
  },
]
