#include "session_options.h"

#include <libtorrent/magnet_uri.hpp>

#include "torrent_convert.h"

namespace bae {
namespace {

void setOne(Napi::Env env, lt::settings_pack& pack, std::string const& name, Napi::Value value) {
  int const setting = lt::setting_by_name(name);
  int const type = setting & lt::settings_pack::type_mask;
  auto const refuse = [&](char const* why) {
    return codedError(env, "NATIVE_INVALID_SETTING", "setting " + name + ": " + why);
  };
  if (setting < 0) throw refuse("libtorrent has no setting of this name");
  if (type == lt::settings_pack::string_type_base) {
    if (!value.IsString()) throw refuse("a string is needed");
    pack.set_str(setting, value.As<Napi::String>().Utf8Value());
  } else if (type == lt::settings_pack::int_type_base) {
    if (!value.IsNumber()) throw refuse("a number is needed");
    pack.set_int(setting, value.As<Napi::Number>().Int32Value());
  } else {
    if (!value.IsBoolean()) throw refuse("true or false is needed");
    pack.set_bool(setting, value.As<Napi::Boolean>().Value());
  }
}

void setFlag(lt::add_torrent_params& params, lt::torrent_flags_t flag, bool on) {
  if (on) {
    params.flags |= flag;
  } else {
    params.flags &= ~flag;
  }
}

bool isTrue(Napi::Object const& object, char const* key) {
  auto const value = object.Get(key);
  return value.IsBoolean() && value.As<Napi::Boolean>().Value();
}

lt::add_torrent_params sourceFromJs(Napi::Env env, Napi::Object const& request) {
  auto const magnet = request.Get("magnetUri");
  if (!magnet.IsString()) {
    lt::add_torrent_params params;
    // libtorrent 2.0 wants a torrent_info it may change; parseTorrent made this one for us alone.
    params.ti = std::const_pointer_cast<lt::torrent_info>(parseTorrent(env, request.Get("torrentFile")));
    return params;
  }
  lt::error_code error;
  auto params = lt::parse_magnet_uri(magnet.As<Napi::String>().Utf8Value(), error);
  if (error) throw codedError(env, "NATIVE_INVALID_TORRENT", "not a usable magnet link: " + error.message());
  return params;
}

}  // namespace

lt::settings_pack settingsFromJs(Napi::Env env, Napi::Object settings) {
  lt::settings_pack pack;
  auto const names = settings.GetPropertyNames();
  for (std::uint32_t i = 0; i < names.Length(); ++i) {
    auto const name = names.Get(i).As<Napi::String>().Utf8Value();
    setOne(env, pack, name, settings.Get(name));
  }
  return pack;
}

lt::add_torrent_params addParamsFromJs(Napi::Env env, Napi::Object request, bool usesHandler) {
  auto params = sourceFromJs(env, request);
  auto const torrentId = request.Get("torrentId").As<Napi::String>().Utf8Value();
  // The path is no place on any disk: its last element tells our disk backend whose storage it makes.
  params.save_path = usesHandler ? "/bae/" + torrentId : request.Get("savePath").ToString().Utf8Value();
  auto const have = request.Get("havePieces");
  if (have.IsTypedArray() && params.ti) {
    auto const bytes = have.As<Napi::Uint8Array>();
    int const pieces = params.ti->num_pieces();
    if (bytes.ByteLength() == std::size_t((pieces + 7) / 8)) {
      params.have_pieces.assign(reinterpret_cast<char const*>(bytes.Data()), pieces);
    }
  }
  // Queueing is for the layers above; a torrent that is added runs.
  setFlag(params, lt::torrent_flags::auto_managed, false);
  setFlag(params, lt::torrent_flags::paused, isTrue(request, "paused"));
  setFlag(params, lt::torrent_flags::seed_mode, isTrue(request, "seedMode"));
  setFlag(params, lt::torrent_flags::duplicate_is_error, true);
  return params;
}

}  // namespace bae
