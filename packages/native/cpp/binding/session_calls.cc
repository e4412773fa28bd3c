#include "session_calls.h"

#include <libtorrent/ip_filter.hpp>
#include <libtorrent/session_params.hpp>

#include "arguments.h"
#include "bytes.h"
#include "session_options.h"
#include "status_convert.h"

namespace bae::session_calls {
namespace {

struct BlockedRange {
  lt::address first;
  lt::address last;
};

BlockedRange rangeOf(Napi::Value value, std::string const& name) {
  auto const object = objectOf(value, name);
  auto const first = addressOf(object.Get("first"), name + ".first");
  auto const last = given(object, "last");
  BlockedRange range{first, last ? addressOf(*last, name + ".last") : first};
  if (range.first.is_v4() != range.last.is_v4() || range.last < range.first) {
    throw invalidArgument(value.Env(), name + " goes from one address to a later one of the same kind");
  }
  return range;
}

template <typename Ranges>
void appendBlocked(Napi::Array& list, Ranges const& ranges) {
  for (auto const& range : ranges) {
    if ((range.flags & lt::ip_filter::blocked) == 0) continue;
    auto object = Napi::Object::New(list.Env());
    object.Set("first", range.first.to_string());
    object.Set("last", range.last.to_string());
    list.Set(list.Length(), object);
  }
}

}  // namespace

Napi::Value applySettings(Napi::CallbackInfo const& call, OpenSession const& session) {
  lt::settings_pack settings;
  readSettings(settings, objectOf(call[0], "settings"));
  // What is alerted was chosen with the options.
  settings.clear(lt::settings_pack::alert_mask);
  session().apply_settings(std::move(settings));
  return call.Env().Undefined();
}

Napi::Value listenPort(Napi::CallbackInfo const& call, OpenSession const& session) {
  return Napi::Number::New(call.Env(), session().listen_port());
}

Napi::Value pause(Napi::CallbackInfo const& call, OpenSession const& session) {
  session().pause();
  return call.Env().Undefined();
}

Napi::Value resume(Napi::CallbackInfo const& call, OpenSession const& session) {
  session().resume();
  return call.Env().Undefined();
}

Napi::Value isPaused(Napi::CallbackInfo const& call, OpenSession const& session) {
  return Napi::Boolean::New(call.Env(), session().is_paused());
}

Napi::Value ipFilter(Napi::CallbackInfo const& call, OpenSession const& session) {
  auto const& [v4, v6] = session().get_ip_filter().export_filter();
  auto list = Napi::Array::New(call.Env());
  appendBlocked(list, v4);
  appendBlocked(list, v6);
  return list;
}

Napi::Value setIpFilter(Napi::CallbackInfo const& call, OpenSession const& session) {
  lt::ip_filter filter;
  for (auto const& range : listOf(call[0], "blocked", rangeOf)) {
    filter.add_rule(range.first, range.last, lt::ip_filter::blocked);
  }
  session().set_ip_filter(std::move(filter));
  return call.Env().Undefined();
}

Napi::Value settings(Napi::CallbackInfo const& call, OpenSession const& session) {
  return settingsToJs(call.Env(), session().get_settings());
}

Napi::Value state(Napi::CallbackInfo const& call, OpenSession const& session) {
  auto const bytes = lt::write_session_params_buf(session().session_state());
  return bytesToJs(call.Env(), bytes.data(), bytes.size());
}

Napi::Value postTorrentUpdates(Napi::CallbackInfo const& call, OpenSession const& session) {
  session().post_torrent_updates(kDetailsFlags);
  return call.Env().Undefined();
}

Napi::Value postStatistics(Napi::CallbackInfo const& call, OpenSession const& session) {
  session().post_session_stats();
  return call.Env().Undefined();
}

}  // namespace bae::session_calls
