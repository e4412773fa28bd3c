#pragma once
#include <libtorrent/session_params.hpp>
#include <libtorrent/settings_pack.hpp>
#include <napi.h>

#include <chrono>
#include <cstdint>

namespace bae {

// src/addon.ts AddonSessionOptions, checked. JavaScript thread; throws NATIVE_INVALID_SETTING and
// NATIVE_INVALID_ARGUMENT. Where JavaScript is the storage, `params` lacks only its disk_io_constructor.
struct SessionOptions {
  lt::session_params params;
  bool usesHandler = false;
  bool wantsRawAlerts = false;
  std::int64_t maxHalfPieceBytes = 0;
  std::chrono::milliseconds storageDeadline{};
};
SessionOptions sessionOptionsOf(Napi::Value value);

// { name: value } with libtorrent's own setting names, written into `pack`.
void readSettings(lt::settings_pack& pack, Napi::Object settings);
// All of them.
Napi::Object settingsToJs(Napi::Env env, lt::settings_pack const& pack);

}  // namespace bae
