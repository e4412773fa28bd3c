#pragma once
#include <libtorrent/torrent_flags.hpp>
#include <napi.h>

#include <string>

namespace bae {

// libtorrent's torrent flags by the names of src/torrent-status.ts TorrentFlag.
Napi::Object flagsToJs(Napi::Env env, lt::torrent_flags_t flags);

// { name: true or false } as the flags it names and which of them are on. Throws NATIVE_INVALID_ARGUMENT.
struct FlagChange {
  lt::torrent_flags_t on;
  lt::torrent_flags_t named;
};
FlagChange flagChangeOf(Napi::Value value, std::string const& name);

}  // namespace bae
