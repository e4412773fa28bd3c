#pragma once
#include <libtorrent/announce_entry.hpp>
#include <libtorrent/info_hash.hpp>
#include <napi.h>

#include <string>

namespace bae {

// src/torrent-status.ts TrackerStatus. `hashes`: those of the torrent, as a tracker is asked about each.
Napi::Object trackerToJs(Napi::Env env, lt::announce_entry const& tracker, lt::info_hash_t const& hashes);

// src/torrent-control.ts TrackerEntry
Napi::Object trackerEntryToJs(Napi::Env env, std::string const& url, int tier);
// { url, tier? }. Throws NATIVE_INVALID_ARGUMENT.
lt::announce_entry trackerOf(Napi::Value value, std::string const& name);

}  // namespace bae
