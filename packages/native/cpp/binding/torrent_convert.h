#pragma once
#include <libtorrent/torrent_info.hpp>
#include <napi.h>

#include <memory>
#include <string>

namespace bae {

// libtorrent's torrent_info as the plain objects of src/torrent-layout.ts.
Napi::Object layoutToJs(Napi::Env env, lt::torrent_info const& info);
Napi::Object metadataToJs(Napi::Env env, lt::torrent_info const& info);

// Throws a JavaScript error with the code NATIVE_INVALID_TORRENT.
std::shared_ptr<lt::torrent_info const> parseTorrent(Napi::Env env, Napi::Value bytes);

// parseTorrentFile(bytes): what a .torrent file says.
Napi::Value parseTorrentFile(Napi::CallbackInfo const& call);

// An error that src/errors.ts turns into a NativeError of this code.
Napi::Error codedError(Napi::Env env, char const* code, std::string const& message);

}  // namespace bae
