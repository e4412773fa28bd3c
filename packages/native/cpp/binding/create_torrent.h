#pragma once
#include <napi.h>

namespace bae {

// createTorrentFile(path, options): { promise, abort() }. The promise resolves to the bytes of a .torrent file made
// with src/create-torrent.ts CreateTorrentOptions; reading and hashing happen on a worker thread. After abort() it
// rejects, soon.
Napi::Value createTorrentFile(Napi::CallbackInfo const& call);

}  // namespace bae
