import type { ClientErrorCode } from '@bae/client'
import type { NativeErrorCode } from '@bae/native'
import type { StorageErrorCode } from '@bae/storage'
import type { ImportErrorCode } from '../errors.js'

type KnownCode = ClientErrorCode | ImportErrorCode | NativeErrorCode | StorageErrorCode

/** Every message with this code says already what to do. */
const inMessage = undefined
/** The command line cannot make this mistake: where it is met, bae has a fault. */
const fault = 'this is a fault of bae: please report it, with what BAE_DEBUG=1 shows'
const verify = "'bae verify --repair' mends what can be mended"
const doctor = "'bae doctor' looks for the reason"
const again = 'run the same command again'

/** What to do about an error, for people who see it at the command line. docs/errors.md says more. */
export const nextSteps: Readonly<Record<KnownCode, string | undefined>> = {
  IMPORT_NOT_FOUND: inMessage,
  IMPORT_AMBIGUOUS_ID: inMessage,
  IMPORT_INVALID_SOURCE: 'SOURCE is a whole .torrent file, its http(s) address, or a magnet link',
  IMPORT_SOURCE_NOT_FOUND: 'check the path; a magnet link or an http(s) address will do, too',
  IMPORT_SOURCE_UNREACHABLE: 'check who may read it, or the address and the network, and try again',
  IMPORT_PEER_NOT_FOUND: 'check the name, or give an IP address',
  IMPORT_BUSY: 'wait for the other command, or stop it',
  IMPORT_LEASE_LOST: 'the other process goes on with it; nothing has to be done',
  IMPORT_SERVICE_RUNNING: "'bae watch' shows what it does",
  IMPORT_SERVICE_NOT_RUNNING: "'bae serve' starts one",
  IMPORT_SERVICE_UNREACHABLE: "see that it runs, and as the same user; 'bae serve' starts one",
  IMPORT_SERVICE_REQUEST: 'restart the service, so that both are of the same version',
  IMPORT_STALLED: 'it is tried again by itself; a peer that has it helps',
  IMPORT_TIMEOUT: 'a larger --timeout gives it more time',
  IMPORT_INTERRUPTED: inMessage,
  IMPORT_NODE_TOO_OLD: 'install a newer one, or put it before this one in PATH',
  IMPORT_OUTPUT_FAILED: 'send it to where there is room for it',
  IMPORT_USAGE: inMessage,
  IMPORT_CONFIG_INVALID: inMessage,
  IMPORT_LIBRARY_UNWRITABLE:
    'name another folder with --library or BAE_LIBRARY, or change who may write this one',
  IMPORT_TEMPORARY_UNWRITABLE: 'set TMPDIR to a folder that you may write',
  IMPORT_LIBRARY_INVALID: 'name another folder with --library or BAE_LIBRARY',
  IMPORT_REMOTE_INVALID: 'see that its disk is mounted and that BAE_REMOTE names its folder',
  IMPORT_INCOMPLETE: "a service, 'bae serve', fetches the rest, or 'bae import' with its SOURCE",
  IMPORT_FILE_NOT_FOUND: inMessage,
  IMPORT_EXPORT_EXISTS: 'name another place',
  IMPORT_EXPORT_FAILED: 'name another place; nothing was left in this one',
  IMPORT_CORRUPT: verify,
  IMPORT_DUPLICATE: "'bae list' shows it",
  IMPORT_DATABASE: doctor,
  IMPORT_DATABASE_CLOSED: fault,
  IMPORT_CLOSED: fault,
  STORAGE_PIECE_NOT_FOUND: "'bae import' with its SOURCE fetches what is missing",
  STORAGE_UNAVAILABLE: 'see that the disk of BAE_REMOTE is there, and try again',
  STORAGE_CORRUPT: verify,
  STORAGE_PIECE_LENGTH: fault,
  STORAGE_CHUNK_MISSING: verify,
  STORAGE_NO_SPACE: "make room: 'bae remove ID' deletes an import, 'bae gc' what crashes have left",
  STORAGE_IN_USE: 'wait for it, or stop it',
  STORAGE_FENCED: 'nothing: the other process goes on with it',
  STORAGE_IO:
    "see who may read and write the library, and whether its disk is well; 'bae doctor' looks at it",
  STORAGE_CLOSED: fault,
  STORAGE_DATABASE: doctor,
  STORAGE_DATABASE_UNAVAILABLE: `see that it runs; ${doctor}`,
  STORAGE_NEWER_VERSION: 'install the newest bae',
  STORAGE_DATABASE_NOT_EMPTY: "'bae rebuild --add' adds what is missing to it",
  STORAGE_REBUILD_NEEDED: "bring the database back, or make its records anew with 'bae rebuild'",
  STORAGE_DUPLICATE_TORRENT: "'bae list' shows it",
  STORAGE_POSTGRES_NOT_FOUND: 'install the optional packages, too, or name a server with BAE_DATABASE_URL',
  STORAGE_POSTGRES_FOLDER: inMessage,
  CLIENT_NOT_STARTED: fault,
  CLIENT_CLOSED: again,
  CLIENT_UNKNOWN_TORRENT: fault,
  CLIENT_UNKNOWN_STORAGE: fault,
  CLIENT_DUPLICATE_STORAGE: fault,
  CLIENT_INVALID_SOURCE: 'get the torrent or the link again from where it came from',
  CLIENT_PRIVATE_TORRENT: 'leave --peer out: they are asked as soon as it begins',
  CLIENT_METADATA_REFUSED: 'its .torrent file, if there is one, says which limit it is',
  CLIENT_INVALID_RESUME_DATA: fault,
  CLIENT_FILE_CHANGED: fault,
  CLIENT_DUPLICATE_TORRENT: "'bae list' shows it",
  CLIENT_CLOSE_TIMEOUT: again,
  CLIENT_TORRENT_REMOVED: again,
  CLIENT_TORRENT_FAILED: doctor,
  NATIVE_BINDING_NOT_FOUND: inMessage,
  NATIVE_SELF_TEST_FAILED:
    "'npm rebuild @bae/native' without its prebuilds folder builds the addon for this machine",
  NATIVE_SESSION_CLOSED: fault,
  NATIVE_SESSION_FAILED: "see BAE_LISTEN and 'ulimit -n'; 'bae doctor' looks at both",
  NATIVE_REQUEST_ABORTED: `the library's disk or database was too slow; ${again}`,
  NATIVE_BYTES_TRANSFERRED: fault,
  NATIVE_INVALID_ARGUMENT: fault,
  NATIVE_INVALID_TORRENT: 'get the torrent again from where it came from',
  NATIVE_TORRENT_LIMIT: 'its maker can make several of it, or one with larger pieces',
  NATIVE_DUPLICATE_TORRENT: "'bae list' shows it",
  NATIVE_INVALID_SETTING: fault,
  NATIVE_UNKNOWN_TORRENT: fault,
  NATIVE_RESUME_DATA_FAILED: again,
  NATIVE_IO: 'see that the file is there and may be read',
}

/** `undefined` where the message says it, and for codes that this version does not know. */
export function nextStepOf(code: string): string | undefined {
  return Object.hasOwn(nextSteps, code) ? nextSteps[code as KnownCode] : undefined
}
