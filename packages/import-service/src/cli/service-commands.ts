import { type CommandEntry, config, id, library } from './command-entry.js'

const asked = 'print {"id", "infoHash", "name", "state", "isServed"}'

/** A service, and what is asked of one or recorded for the next. */
export const serviceCommands: readonly CommandEntry[] = [
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
    positionals: [{ name: 'SOURCE', offer: 'files', mayRepeat: true }],
    summary: 'hand imports over and return',
    description: `Hands imports to the service of the library and returns. Where no service runs they are recorded, and
      the next one takes them. SOURCE is as for 'bae import'; where one of several cannot be read none is handed over.`,
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
    description: `Shows the imports that run in the service, with their progress, speed and peers, until Ctrl-C; SPEED is what
      is fetched, or given where it is seeded. In a pipe one line a change. Those that wait for their turn are counted, and in 'bae list'. With IDs these alone, until each of them has ended or waits for somebody: then it exits 0 where all are
      complete, else 1.`,
    options: {
      library,
      config,
      json: `print {"event": "progress", "id", "name", "state", "pieces", "totalPieces", "bytes", "totalBytes",
        "downloadBytesPerSecond", "uploadBytesPerSecond", "peers", "error"} for each change`,
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
    positionals: [id, { name: 'GLOB', isOptional: true, mayRepeat: true }],
    summary: 'say which files of an import are wanted',
    description: `Says which files of an import are wanted, in place of what was said before: those that a GLOB means, as
      with --select of 'bae import'. One that was added with --choose goes on with them. '*' in quotes selects all files.`,
    options: {
      select: 'these files, too; may be given more than once',
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
    description: `Shows the changes of all imports, oldest first: number, time, import, states, reason. At a terminal
      imports are named as in 'bae list', in a pipe by their whole ids. The newest 100,000 are kept; who asks for older ones is
      told how many are missing.`,
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
]
