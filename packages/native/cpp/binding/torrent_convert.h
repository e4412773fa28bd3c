#pragma once
#include <libtorrent/torrent_info.hpp>
#include <napi.h>

#include <memory>
#include <string>

namespace bae {

// libtorrent's torrent_info as the plain objects of src/torrent-layout.ts.
Napi::Object layoutToJs(Napi::Env env, lt::torrent_info const& info);
Napi::Object metadataToJs(Napi::Env env, lt::torrent_info const& info);

// infoHashV1 and infoHashV2, those that there are.
void setInfoHashes(Napi::Object& object, lt::info_hash_t const& hashes);

// libtorrent's own, but for the values: a hybrid torrent of 100,000 files has more than it takes otherwise.
lt::load_torrent_limits torrentFileLimits();

// Throws NATIVE_INVALID_TORRENT, NATIVE_TORRENT_LIMIT, or NATIVE_INVALID_ARGUMENT for no bytes.
std::shared_ptr<lt::torrent_info const> parseTorrent(Napi::Value bytes);

// parseTorrentFile(bytes): src/torrent-file.ts TorrentFile.
Napi::Value parseTorrentFile(Napi::CallbackInfo const& call);

// An error that src/errors.ts turns into a NativeError of this code.
Napi::Error codedError(Napi::Env env, char const* code, std::string const& message);

}  // namespace bae
