#pragma once
#include <napi.h>

#include <optional>
#include <string>

namespace bae {

// src/torrent-control.ts TorrentLimits as libtorrent takes them; what was left out is not there.
struct GivenTorrentLimits {
  std::optional<int> download;
  std::optional<int> upload;
  std::optional<int> connections;
  std::optional<int> uploads;
};

// Throws NATIVE_INVALID_ARGUMENT.
GivenTorrentLimits torrentLimitsOf(Napi::Value value, std::string const& name);

}  // namespace bae
