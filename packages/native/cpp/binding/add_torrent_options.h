#pragma once
#include <libtorrent/add_torrent_params.hpp>
#include <napi.h>

#include <string>

namespace bae {

// src/add-torrent.ts AddTorrentRequest, checked. `params` has no userdata and no extensions of ours yet. JavaScript
// thread; throws NATIVE_INVALID_ARGUMENT or NATIVE_INVALID_TORRENT.
struct AddTorrentOptions {
  std::string torrentId;
  lt::add_torrent_params params;
};

// `usesHandler`: the storage is JavaScript's.
AddTorrentOptions addTorrentOptionsOf(Napi::Value request, bool usesHandler);

// parseMagnet(uri): src/torrent-file.ts MagnetLink.
Napi::Value parseMagnet(Napi::CallbackInfo const& call);

}  // namespace bae
