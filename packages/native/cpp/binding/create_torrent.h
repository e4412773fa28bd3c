#pragma once
#include <napi.h>

namespace bae {

// createTorrentFile(path, { pieceLengthBytes, trackers, comment }): resolves to the bytes of a v1 .torrent
// file. Reading and hashing happen on a worker thread.
Napi::Value createTorrentFile(Napi::CallbackInfo const& call);

}  // namespace bae
