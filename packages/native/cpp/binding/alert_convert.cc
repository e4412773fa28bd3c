#include "alert_convert.h"

#include <libtorrent/alert_types.hpp>

#include <cstring>
#include <sstream>

#include "disk/disk_error.h"

namespace bae {
namespace {

struct HandleNumberTag;

Napi::Object typed(Napi::Env env, char const* type) {
  auto object = Napi::Object::New(env);
  object.Set("type", type);
  return object;
}

Napi::Object ofTorrent(Napi::Env env, char const* type, lt::torrent_handle const& handle) {
  auto object = typed(env, type);
  object.Set("handle", handleNumber(handle));
  return object;
}

Napi::Object ofError(Napi::Env env, char const* type, lt::torrent_handle const& handle, lt::error_code const& error,
                     std::string const& message) {
  auto object = ofTorrent(env, type, handle);
  object.Set("code", errorCodeName(error));
  object.Set("message", message);
  return object;
}

Napi::Object listening(Napi::Env env, char const* type, lt::address const& address, int port) {
  auto object = typed(env, type);
  object.Set("address", address.to_string());
  object.Set("port", port);
  return object;
}

}  // namespace

int handleNumber(lt::torrent_handle const& handle) {
  return int(reinterpret_cast<std::intptr_t>(handle.userdata().get<HandleNumberTag>()));
}

lt::client_data_t numberAsUserdata(int number) {
  return lt::client_data_t(reinterpret_cast<HandleNumberTag*>(std::intptr_t(number)));
}

std::string endpointText(lt::tcp::endpoint const& endpoint) {
  std::ostringstream text;
  text << endpoint;
  return text.str();
}

std::string errorCodeName(lt::error_code const& code) {
  if (char const* const name = errnoNameOf(code)) return name;
  return std::string(code.category().name()) + ":" + std::to_string(code.value());
}

Napi::Value alertToJs(Napi::Env env, lt::alert const& alert) {
  if (auto const* a = lt::alert_cast<lt::piece_finished_alert>(&alert)) {
    auto object = ofTorrent(env, "pieceFinished", a->handle);
    object.Set("piece", int(a->piece_index));
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::hash_failed_alert>(&alert)) {
    auto object = ofTorrent(env, "hashFailed", a->handle);
    object.Set("piece", int(a->piece_index));
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::peer_connect_alert>(&alert)) {
    auto object = ofTorrent(env, "peerConnected", a->handle);
    object.Set("peer", endpointText(a->endpoint));
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::peer_disconnected_alert>(&alert)) {
    auto object = ofTorrent(env, "peerDisconnected", a->handle);
    object.Set("peer", endpointText(a->endpoint));
    object.Set("message", a->error.message());
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::file_error_alert>(&alert)) {
    auto object = ofError(env, "storageError", a->handle, a->error, a->message());
    object.Set("request", failedRequestOf(a->error));
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::torrent_error_alert>(&alert)) {
    auto object = ofError(env, "torrentError", a->handle, a->error, a->message());
    object.Set("request", failedRequestOf(a->error));
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::metadata_failed_alert>(&alert)) {
    return ofError(env, "metadataFailed", a->handle, a->error, a->message());
  }
  if (auto const* a = lt::alert_cast<lt::listen_succeeded_alert>(&alert)) {
    if (a->socket_type != lt::socket_type_t::tcp) return env.Undefined();
    return listening(env, "listenSucceeded", a->address, a->port);
  }
  if (auto const* a = lt::alert_cast<lt::listen_failed_alert>(&alert)) {
    auto object = listening(env, "listenFailed", a->address, a->port);
    object.Set("message", a->message());
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::torrent_removed_alert>(&alert)) {
    // Not by the handle: the torrent is gone.
    auto object = typed(env, "torrentRemoved");
    object.Set("handle", int(reinterpret_cast<std::intptr_t>(a->userdata.get<HandleNumberTag>())));
    return object;
  }
  if (alert.type() == lt::alerts_dropped_alert::alert_type) return typed(env, "alertsDropped");

  char const* type = nullptr;
  switch (alert.type()) {
    case lt::metadata_received_alert::alert_type: type = "metadataReceived"; break;
    case lt::torrent_checked_alert::alert_type: type = "torrentChecked"; break;
    case lt::torrent_finished_alert::alert_type: type = "torrentFinished"; break;
    case lt::torrent_paused_alert::alert_type: type = "torrentPaused"; break;
    case lt::torrent_resumed_alert::alert_type: type = "torrentResumed"; break;
    default: return env.Undefined();
  }
  return ofTorrent(env, type, static_cast<lt::torrent_alert const&>(alert).handle);
}

}  // namespace bae
