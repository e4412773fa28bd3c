#pragma once
#include <libtorrent/peer_info.hpp>
#include <napi.h>

namespace bae {

// src/torrent-status.ts PeerStatus.
Napi::Object peerToJs(Napi::Env env, lt::peer_info const& peer);

}  // namespace bae
