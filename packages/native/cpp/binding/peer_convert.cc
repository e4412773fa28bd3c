#include "peer_convert.h"

#include <libtorrent/hex.hpp>

#include <array>
#include <utility>

#include "alert_convert.h"

namespace bae {
namespace {

using Peer = lt::peer_info;

char const* connectionName(lt::connection_type_t type) {
  if (type & Peer::web_seed) return "webSeed";
  if (type & Peer::http_seed) return "httpSeed";
  return "bittorrent";
}

char const* encryptionName(lt::peer_flags_t flags) {
  if (flags & Peer::rc4_encrypted) return "full";
  if (flags & Peer::plaintext_encrypted) return "handshake";
  return "none";
}

Napi::Array sourcesToJs(Napi::Env env, lt::peer_source_flags_t sources) {
  static constexpr std::array<std::pair<char const*, lt::peer_source_flags_t>, 6> kNames{{
      {"tracker", Peer::tracker},
      {"dht", Peer::dht},
      {"peerExchange", Peer::pex},
      {"localDiscovery", Peer::lsd},
      {"resumeData", Peer::resume_data},
      {"incoming", Peer::incoming},
  }};
  auto list = Napi::Array::New(env);
  for (auto const& [name, flag] : kNames) {
    if (sources & flag) list.Set(list.Length(), name);
  }
  return list;
}

void setFlags(Napi::Object& object, lt::peer_flags_t flags) {
  static constexpr std::array<std::pair<char const*, lt::peer_flags_t>, 11> kNames{{
      {"outgoing", Peer::outgoing_connection},
      {"connecting", Peer::connecting},
      {"handshaking", Peer::handshake},
      {"interesting", Peer::interesting},
      {"choked", Peer::choked},
      {"remoteInterested", Peer::remote_interested},
      {"remoteChoked", Peer::remote_choked},
      {"seed", Peer::seed},
      {"uploadOnly", Peer::upload_only},
      {"snubbed", Peer::snubbed},
      {"optimisticallyUnchoked", Peer::optimistic_unchoke},
  }};
  for (auto const& [name, flag] : kNames) object.Set(name, bool(flags & flag));
}

}  // namespace

Napi::Object peerToJs(Napi::Env env, lt::peer_info const& peer) {
  auto object = Napi::Object::New(env);
  object.Set("peer", endpointText(peer.ip));
  object.Set("localEndpoint", endpointText(peer.local_endpoint));
  object.Set("peerId", lt::aux::to_hex(peer.pid));
  object.Set("client", peer.client);
  object.Set("connection", connectionName(peer.connection_type));
  object.Set("transport", bool(peer.flags & Peer::utp_socket) ? "utp" : "tcp");
  object.Set("encryption", encryptionName(peer.flags));
  object.Set("sources", sourcesToJs(env, peer.source));
  setFlags(object, peer.flags);
  object.Set("piecesHave", peer.num_pieces);
  object.Set("progress", double(peer.progress_ppm) / 1'000'000);
  object.Set("downloadBytesPerSecond", peer.payload_down_speed);
  object.Set("uploadBytesPerSecond", peer.payload_up_speed);
  object.Set("downloadedBytes", double(peer.total_download));
  object.Set("uploadedBytes", double(peer.total_upload));
  object.Set("requestsToPeer", peer.download_queue_length);
  object.Set("requestsFromPeer", peer.upload_queue_length);
  object.Set("hashFailures", peer.num_hashfails);
  object.Set("failures", peer.failcount);
  object.Set("roundTripMs", peer.rtt);
  return object;
}

}  // namespace bae
