#pragma once
#include <libtorrent/session.hpp>
#include <napi.h>

#include <functional>

namespace bae::session_calls {

// The session while it is open; NATIVE_SESSION_CLOSED where it is not. To be asked when the arguments are read: a getter
// among them may close the session, which then dies on another thread.
using OpenSession = std::function<lt::session&()>;

// What src/session-control.ts says of a session; the arguments are those of the JavaScript method. JavaScript
// thread. Throw NATIVE_INVALID_ARGUMENT.

Napi::Value applySettings(Napi::CallbackInfo const& call, OpenSession const& session);
Napi::Value listenPort(Napi::CallbackInfo const& call, OpenSession const& session);
Napi::Value pause(Napi::CallbackInfo const& call, OpenSession const& session);
Napi::Value resume(Napi::CallbackInfo const& call, OpenSession const& session);
Napi::Value isPaused(Napi::CallbackInfo const& call, OpenSession const& session);
Napi::Value ipFilter(Napi::CallbackInfo const& call, OpenSession const& session);
Napi::Value setIpFilter(Napi::CallbackInfo const& call, OpenSession const& session);
Napi::Value settings(Napi::CallbackInfo const& call, OpenSession const& session);
Napi::Value state(Napi::CallbackInfo const& call, OpenSession const& session);
// One state_update_alert answers it, empty where nothing changed; libtorrent may drop it as any other.
Napi::Value postTorrentUpdates(Napi::CallbackInfo const& call, OpenSession const& session);
// An alert of statistics answers it, always.
Napi::Value postStatistics(Napi::CallbackInfo const& call, OpenSession const& session);

}  // namespace bae::session_calls
