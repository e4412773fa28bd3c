#include "tracker_convert.h"

#include <array>
#include <utility>

#include "alert_convert.h"
#include "arguments.h"

namespace bae {
namespace {

Napi::Array sourcesToJs(Napi::Env env, int sources) {
  using Entry = lt::announce_entry;
  static constexpr std::array<std::pair<char const*, int>, 4> kNames{{
      {"torrent", Entry::source_torrent},
      {"client", Entry::source_client},
      {"magnetLink", Entry::source_magnet_link},
      {"trackerExchange", Entry::source_tex},
  }};
  auto list = Napi::Array::New(env);
  for (auto const& [name, flag] : kNames) {
    if ((sources & flag) != 0) list.Set(list.Length(), name);
  }
  return list;
}

void setTimeUntil(Napi::Object& object, char const* key, lt::time_point32 when) {
  if (when == (lt::time_point32::min)()) return;
  auto const left = when - lt::time_point_cast<lt::seconds32>(lt::clock_type::now());
  object.Set(key, std::max(0.0, double(lt::total_milliseconds(left))));
}

Napi::Object announceToJs(Napi::Env env, lt::announce_endpoint const& endpoint, lt::protocol_version version) {
  auto const& state = endpoint.info_hashes[version];
  auto object = Napi::Object::New(env);
  object.Set("localEndpoint", endpointText(endpoint.local_endpoint));
  object.Set("version", version == lt::protocol_version::V1 ? 1 : 2);
  object.Set("enabled", endpoint.enabled);
  object.Set("updating", bool(state.updating));
  object.Set("failures", int(state.fails));
  object.Set("message", state.message);
  if (state.last_error) {
    auto error = Napi::Object::New(env);
    error.Set("code", errorCodeName(state.last_error));
    error.Set("message", state.last_error.message());
    object.Set("error", error);
  }
  setTimeUntil(object, "nextAnnounceInMs", state.next_announce);
  setTimeUntil(object, "minAnnounceInMs", state.min_announce);
  if (state.scrape_complete >= 0) object.Set("swarmSeeds", state.scrape_complete);
  if (state.scrape_incomplete >= 0) object.Set("swarmDownloaders", state.scrape_incomplete);
  if (state.scrape_downloaded >= 0) object.Set("swarmDownloads", state.scrape_downloaded);
  return object;
}

}  // namespace

Napi::Object trackerEntryToJs(Napi::Env env, std::string const& url, int tier) {
  auto object = Napi::Object::New(env);
  object.Set("url", url);
  object.Set("tier", tier);
  return object;
}

Napi::Object trackerToJs(Napi::Env env, lt::announce_entry const& tracker, lt::info_hash_t const& hashes) {
  auto object = trackerEntryToJs(env, tracker.url, tracker.tier);
  object.Set("verified", bool(tracker.verified));
  object.Set("sources", sourcesToJs(env, tracker.source));
  auto announces = Napi::Array::New(env);
  for (auto const& endpoint : tracker.endpoints) {
    if (hashes.has_v1()) announces.Set(announces.Length(), announceToJs(env, endpoint, lt::protocol_version::V1));
    if (hashes.has_v2()) announces.Set(announces.Length(), announceToJs(env, endpoint, lt::protocol_version::V2));
  }
  object.Set("announces", announces);
  return object;
}

lt::announce_entry trackerOf(Napi::Value value, std::string const& name) {
  auto const object = objectOf(value, name);
  lt::announce_entry tracker(stringOf(object.Get("url"), name + ".url"));
  // libtorrent keeps it in one byte.
  if (auto const tier = given(object, "tier")) tracker.tier = std::uint8_t(intOf(*tier, name + ".tier", 0, 255));
  return tracker;
}

}  // namespace bae
