#pragma once
#include <libtorrent/session.hpp>
#include <napi.h>

namespace bae::session_calls {

// What src/session-control.ts says of a session; the arguments are those of the JavaScript method. JavaScript
// thread. Throw NATIVE_INVALID_ARGUMENT.

Napi::Value applySettings(Napi::CallbackInfo const& call, lt::session& session);
Napi::Value listenPort(Napi::CallbackInfo const& call, lt::session& session);
Napi::Value pause(Napi::CallbackInfo const& call, lt::session& session);
Napi::Value resume(Napi::CallbackInfo const& call, lt::session& session);
Napi::Value isPaused(Napi::CallbackInfo const& call, lt::session& session);
Napi::Value ipFilter(Napi::CallbackInfo const& call, lt::session& session);
Napi::Value setIpFilter(Napi::CallbackInfo const& call, lt::session& session);
Napi::Value settings(Napi::CallbackInfo const& call, lt::session& session);
Napi::Value state(Napi::CallbackInfo const& call, lt::session& session);
// One state_update_alert answers it, empty where nothing changed; libtorrent may drop it as any other.
Napi::Value postTorrentUpdates(Napi::CallbackInfo const& call, lt::session& session);
// An alert of statistics answers it, always.
Napi::Value postStatistics(Napi::CallbackInfo const& call, lt::session& session);

}  // namespace bae::session_calls
