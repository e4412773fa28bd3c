#include "torrent_flags.h"

#include <algorithm>
#include <array>

#include "arguments.h"

namespace bae {
namespace {

struct NamedFlag {
  char const* name;
  lt::torrent_flags_t flag;
};

// Not here: what libtorrent counts for itself (need_save_resume) or reads only while a torrent is added.
constexpr std::array<NamedFlag, 12> kFlags{{
    {"seedMode", lt::torrent_flags::seed_mode},
    {"uploadMode", lt::torrent_flags::upload_mode},
    {"shareMode", lt::torrent_flags::share_mode},
    {"applyIpFilter", lt::torrent_flags::apply_ip_filter},
    {"paused", lt::torrent_flags::paused},
    {"autoManaged", lt::torrent_flags::auto_managed},
    {"superSeeding", lt::torrent_flags::super_seeding},
    {"sequentialDownload", lt::torrent_flags::sequential_download},
    {"stopWhenReady", lt::torrent_flags::stop_when_ready},
    {"disableDht", lt::torrent_flags::disable_dht},
    {"disableLsd", lt::torrent_flags::disable_lsd},
    {"disablePex", lt::torrent_flags::disable_pex},
}};

}  // namespace

Napi::Object flagsToJs(Napi::Env env, lt::torrent_flags_t flags) {
  auto object = Napi::Object::New(env);
  for (auto const& each : kFlags) object.Set(each.name, bool(flags & each.flag));
  return object;
}

FlagChange flagChangeOf(Napi::Value value, std::string const& name) {
  auto const object = objectOf(value, name);
  FlagChange change{};
  auto const keys = object.GetPropertyNames();
  for (std::uint32_t i = 0; i < keys.Length(); ++i) {
    auto const key = keys.Get(i).ToString().Utf8Value();
    auto const known =
        std::find_if(kFlags.begin(), kFlags.end(), [&key](NamedFlag const& each) { return key == each.name; });
    if (known == kFlags.end()) throw invalidArgument(value.Env(), name + ": no torrent flag has the name " + key);
    auto const isOn = given(object, known->name);
    if (!isOn) continue;
    change.named |= known->flag;
    if (booleanOf(*isOn, name + "." + key)) change.on |= known->flag;
  }
  return change;
}

}  // namespace bae
