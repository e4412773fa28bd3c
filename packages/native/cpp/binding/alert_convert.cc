#include "alert_convert.h"

#include <libtorrent/alert_types.hpp>
#include <libtorrent/socks5_stream.hpp>
#include <libtorrent/write_resume_data.hpp>

#include <chrono>
#include <sstream>

#include "alert_categories.h"
#include "bytes.h"
#include "disk/disk_error.h"
#include "statistics.h"
#include "status_convert.h"

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

Napi::Object disconnected(Napi::Env env, lt::peer_alert const& alert, lt::error_code const& error) {
  auto object = ofTorrent(env, "peerDisconnected", alert.handle);
  object.Set("peer", endpointText(alert.endpoint));
  object.Set("message", error.message());
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

namespace {

// Undefined from each of the three: not of this kind.
Napi::Value transferAlertToJs(Napi::Env env, lt::alert const& alert) {
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
  if (auto const* a = lt::alert_cast<lt::file_completed_alert>(&alert)) {
    auto object = ofTorrent(env, "fileCompleted", a->handle);
    object.Set("file", int(a->index));
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::peer_connect_alert>(&alert)) {
    auto object = ofTorrent(env, "peerConnected", a->handle);
    object.Set("peer", endpointText(a->endpoint));
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::peer_disconnected_alert>(&alert)) {
    return disconnected(env, *a, a->error);
  }
  // libtorrent says this instead of a peer that broke the protocol; of the errors of a proxy it says both.
  if (auto const* a = lt::alert_cast<lt::peer_error_alert>(&alert)) {
    if (a->error.category() == lt::socks_category()) return env.Undefined();
    return disconnected(env, *a, a->error);
  }
  if (auto const* a = lt::alert_cast<lt::peer_ban_alert>(&alert)) {
    auto object = ofTorrent(env, "peerBanned", a->handle);
    object.Set("peer", endpointText(a->endpoint));
    return object;
  }
  return env.Undefined();
}

Napi::Value errorAlertToJs(Napi::Env env, lt::alert const& alert) {
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
  if (auto const* a = lt::alert_cast<lt::save_resume_data_failed_alert>(&alert)) {
    return ofError(env, "resumeDataFailed", a->handle, a->error, a->message());
  }
  if (auto const* a = lt::alert_cast<lt::session_error_alert>(&alert)) {
    auto object = typed(env, "sessionError");
    object.Set("code", errorCodeName(a->error));
    object.Set("message", a->message());
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::performance_alert>(&alert)) {
    auto object = ofTorrent(env, "performanceWarning", a->handle);
    object.Set("message", a->message());
    return object;
  }
  return env.Undefined();
}

Napi::Object ofTracker(Napi::Env env, char const* type, lt::tracker_alert const& alert) {
  auto object = ofTorrent(env, type, alert.handle);
  object.Set("url", alert.tracker_url());
  return object;
}

Napi::Value trackerAlertToJs(Napi::Env env, lt::alert const& alert) {
  if (auto const* a = lt::alert_cast<lt::tracker_reply_alert>(&alert)) {
    auto object = ofTracker(env, "trackerReply", *a);
    object.Set("peers", a->num_peers);
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::tracker_error_alert>(&alert)) {
    auto object = ofTracker(env, "trackerError", *a);
    object.Set("code", errorCodeName(a->error));
    object.Set("message", a->message());
    object.Set("failures", a->times_in_row);
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::tracker_warning_alert>(&alert)) {
    auto object = ofTracker(env, "trackerWarning", *a);
    object.Set("message", a->warning_message());
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::scrape_reply_alert>(&alert)) {
    auto object = ofTracker(env, "scrapeReply", *a);
    object.Set("swarmSeeds", a->complete);
    object.Set("swarmDownloaders", a->incomplete);
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::scrape_failed_alert>(&alert)) {
    auto object = ofTracker(env, "scrapeFailed", *a);
    object.Set("code", errorCodeName(a->error));
    object.Set("message", a->message());
    return object;
  }
  return env.Undefined();
}

Napi::Value sessionAlertToJs(Napi::Env env, lt::alert const& alert) {
  if (auto const* a = lt::alert_cast<lt::listen_succeeded_alert>(&alert)) {
    if (a->socket_type != lt::socket_type_t::tcp) return env.Undefined();
    return listening(env, "listenSucceeded", a->address, a->port);
  }
  if (auto const* a = lt::alert_cast<lt::listen_failed_alert>(&alert)) {
    auto object = listening(env, "listenFailed", a->address, a->port);
    object.Set("message", a->message());
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::external_ip_alert>(&alert)) {
    auto object = typed(env, "externalAddress");
    object.Set("address", a->external_address.to_string());
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::state_update_alert>(&alert)) {
    auto object = typed(env, "torrentsUpdated");
    auto torrents = Napi::Array::New(env);
    for (auto const& status : a->status) {
      // 0: it is gone since.
      if (int const number = handleNumber(status.handle)) {
        torrents.Set(torrents.Length(), detailsToJs(env, status, number));
      }
    }
    object.Set("torrents", torrents);
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::session_stats_alert>(&alert)) {
    auto object = typed(env, "statistics");
    object.Set("values", statisticsToJs(env, *a));
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::alerts_dropped_alert>(&alert)) {
    auto object = typed(env, "alertsDropped");
    auto dropped = Napi::Array::New(env);
    for (int type = 0; type < lt::num_alert_types; ++type) {
      if (a->dropped_alerts.test(std::size_t(type))) dropped.Set(dropped.Length(), lt::alert_name(type));
    }
    object.Set("dropped", dropped);
    return object;
  }
  return env.Undefined();
}

Napi::Value torrentAlertToJs(Napi::Env env, lt::alert const& alert) {
  if (auto const* a = lt::alert_cast<lt::torrent_removed_alert>(&alert)) {
    // Not by the handle: the torrent is gone.
    auto object = typed(env, "torrentRemoved");
    object.Set("handle", int(reinterpret_cast<std::intptr_t>(a->userdata.get<HandleNumberTag>())));
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::state_changed_alert>(&alert)) {
    auto object = ofTorrent(env, "stateChanged", a->handle);
    object.Set("state", stateName(a->state));
    object.Set("previousState", stateName(a->prev_state));
    return object;
  }
  if (auto const* a = lt::alert_cast<lt::save_resume_data_alert>(&alert)) {
    auto object = ofTorrent(env, "resumeData", a->handle);
    auto const bytes = lt::write_resume_data_buf(a->params);
    object.Set("bytes", bytesToJs(env, bytes.data(), bytes.size()));
    return object;
  }
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

}  // namespace

Napi::Value alertToJs(Napi::Env env, lt::alert const& alert) {
  for (auto const convert :
       {transferAlertToJs, torrentAlertToJs, errorAlertToJs, trackerAlertToJs, sessionAlertToJs}) {
    auto const object = convert(env, alert);
    if (!object.IsUndefined()) return object;
  }
  return env.Undefined();
}

Napi::Object rawAlertToJs(Napi::Env env, lt::alert const& alert) {
  auto object = typed(env, "raw");
  object.Set("name", alert.what());
  object.Set("categories", categoriesToJs(env, alert.category()));
  object.Set("message", alert.message());
  if (auto const* const ofOne = dynamic_cast<lt::torrent_alert const*>(&alert)) {
    int const number = handleNumber(ofOne->handle);
    if (number != 0) object.Set("handle", number);
  }
  if (auto const* const ofOne = dynamic_cast<lt::peer_alert const*>(&alert)) {
    object.Set("peer", endpointText(ofOne->endpoint));
  }
  auto const ago = std::chrono::duration_cast<std::chrono::milliseconds>(lt::clock_type::now() - alert.timestamp());
  object.Set("agoMs", double(ago.count()));
  return object;
}

}  // namespace bae
