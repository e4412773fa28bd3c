#pragma once
#include <libtorrent/torrent_status.hpp>
#include <napi.h>

namespace bae {

// NativeTorrentStatus.state
char const* stateName(lt::torrent_status::state_t state);

// Status of one torrent as src/native-session.ts NativeTorrentStatus. Needs no status_flags_t.
Napi::Object statusToJs(Napi::Env env, lt::torrent_status const& status, int number);

// The same and more, as src/torrent-status.ts TorrentDetails; made of a status with these flags.
inline constexpr lt::status_flags_t kDetailsFlags =
    lt::torrent_handle::query_name | lt::torrent_handle::query_distributed_copies |
    lt::torrent_handle::query_accurate_download_counters | lt::torrent_handle::query_last_seen_complete;
Napi::Object detailsToJs(Napi::Env env, lt::torrent_status const& status, int number);

}  // namespace bae
