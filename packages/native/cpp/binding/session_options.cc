#include "session_options.h"

#include <libtorrent/disabled_disk_io.hpp>
#include <libtorrent/mmap_disk_io.hpp>
#include <libtorrent/posix_disk_io.hpp>

#include <cmath>
#include <limits>

#include "alert_categories.h"
#include "arguments.h"
#include "torrent_convert.h"

namespace bae {
namespace {

using Settings = lt::settings_pack;

constexpr std::int64_t kLargestBytes = std::int64_t(1) << 50;
constexpr std::int64_t kLongestMs = 24 * 60 * 60 * 1000;

bool isInt(Napi::Value value) {
  if (!value.IsNumber()) return false;
  double const number = value.As<Napi::Number>().DoubleValue();
  return std::trunc(number) == number && number >= std::numeric_limits<int>::min() &&
         number <= std::numeric_limits<int>::max();
}

void setOne(Settings& pack, std::string const& name, Napi::Value value) {
  int const setting = lt::setting_by_name(name);
  int const type = setting & Settings::type_mask;
  auto const refuse = [&](char const* why) {
    return codedError(value.Env(), "NATIVE_INVALID_SETTING", "setting " + name + ": " + why);
  };
  if (setting < 0) throw refuse("libtorrent has no setting of this name");
  if (type == Settings::string_type_base) {
    if (!value.IsString()) throw refuse("a string is needed");
    pack.set_str(setting, value.As<Napi::String>().Utf8Value());
  } else if (type == Settings::int_type_base) {
    if (!isInt(value)) throw refuse("a whole number of 32 bits is needed");
    pack.set_int(setting, value.As<Napi::Number>().Int32Value());
  } else {
    if (!value.IsBoolean()) throw refuse("true or false is needed");
    pack.set_bool(setting, value.As<Napi::Boolean>().Value());
  }
}

// libtorrent 2.0.8 takes any number, and follows a negative one of these out of a list.
void refuseFatal(Napi::Env env, Settings const& pack) {
  for (int const setting : {Settings::num_optimistic_unchoke_slots}) {
    if (!pack.has_val(setting) || pack.get_int(setting) >= 0) continue;
    throw codedError(env, "NATIVE_INVALID_SETTING",
                     std::string("setting ") + lt::name_for_setting(setting) + ": 0 or more is needed");
  }
}

// What sessionState() gave. Its settings come first: those of the options win.
lt::session_params stateOf(Napi::Value value) {
  try {
    return lt::read_session_params(bytesOf(value, "state"));
  } catch (lt::system_error const& error) {
    throw invalidArgument(value.Env(), std::string("state is no state of a session: ") + error.what());
  }
}

lt::disk_io_constructor_type diskBackendOf(Napi::Value value) {
  auto const name = stringOf(value, "diskBackend");
  if (name == "mmap") return lt::mmap_disk_io_constructor;
  if (name == "posix") return lt::posix_disk_io_constructor;
  if (name == "disabled") return lt::disabled_disk_io_constructor;
  throw invalidArgument(value.Env(), "diskBackend is mmap, posix or disabled");
}

}  // namespace

void readSettings(Settings& pack, Napi::Object settings) {
  auto const names = settings.GetPropertyNames();
  for (std::uint32_t i = 0; i < names.Length(); ++i) {
    auto const name = names.Get(i).ToString().Utf8Value();
    setOne(pack, name, settings.Get(name));
  }
  refuseFatal(settings.Env(), pack);
}

Napi::Object settingsToJs(Napi::Env env, Settings const& pack) {
  auto object = Napi::Object::New(env);
  auto const each = [&object](int base, int count, auto value) {
    for (int setting = base; setting < base + count; ++setting) {
      char const* const name = lt::name_for_setting(setting);
      // Those that libtorrent has given up have none.
      if (name[0] != '\0') object.Set(name, value(setting));
    }
  };
  each(Settings::string_type_base, Settings::num_string_settings,
       [&](int setting) { return Napi::String::New(env, pack.get_str(setting)); });
  each(Settings::int_type_base, Settings::num_int_settings,
       [&](int setting) { return Napi::Number::New(env, pack.get_int(setting)); });
  each(Settings::bool_type_base, Settings::num_bool_settings,
       [&](int setting) { return Napi::Boolean::New(env, pack.get_bool(setting)); });
  return object;
}

SessionOptions sessionOptionsOf(Napi::Value value) {
  auto const object = objectOf(value, "options");
  SessionOptions options;
  // Without the usual extensions: smart_ban of 2.0.8 may follow a pointer to a peer that is gone, and it reads failed
  // pieces back. The session adds the others.
  options.params = lt::session_params(Settings{}, {});
  if (auto const state = given(object, "state")) {
    auto saved = stateOf(*state);
    saved.extensions.clear();
    options.params = std::move(saved);
  }
  options.usesHandler = booleanOf(object.Get("usesHandler"), "usesHandler");
  options.wantsRawAlerts = booleanOf(object.Get("wantsRawAlerts"), "wantsRawAlerts");
  options.maxHalfPieceBytes = wholeNumberOf(object.Get("maxHalfPieceBytes"), "maxHalfPieceBytes", 0, kLargestBytes);
  options.storageDeadline = std::chrono::milliseconds(
      wholeNumberOf(object.Get("storageDeadlineMs"), "storageDeadlineMs", 0, kLongestMs));
  readSettings(options.params.settings, objectOf(object.Get("settings"), "settings"));
  auto mask = kAlwaysAlerted;
  if (auto const categories = given(object, "alertCategories")) mask |= alertCategoriesOf(*categories, "alertCategories");
  options.params.settings.set_int(Settings::alert_mask, mask);
  if (auto const backend = given(object, "diskBackend")) {
    if (options.usesHandler) throw invalidArgument(value.Env(), "diskBackend is for sessions without a handler");
    options.params.disk_io_constructor = diskBackendOf(*backend);
  }
  return options;
}

}  // namespace bae
