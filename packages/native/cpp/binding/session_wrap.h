#pragma once
#include <libtorrent/session.hpp>
#include <libtorrent/session_params.hpp>
#include <napi.h>

#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "js_channel.h"
#include "session_calls.h"
#include "disk/network_queue.h"
#include "disk/torrent_context.h"

namespace bae {

// What libtorrent throws as an error with a code of ours: it does when a torrent goes while it is asked about it.
Napi::Error asCodedError(Napi::Env env, lt::system_error const& error);

template <typename Call>
Napi::Value guarded(Napi::CallbackInfo const& call, Call body) {
  try {
    return body();
  } catch (lt::system_error const& error) {
    throw asCodedError(call.Env(), error);
  }
}

// The torrents that the session has, by their numbers. Any thread.
class TorrentHandles {
 public:
  void add(int number, lt::torrent_handle handle) {
    std::lock_guard<std::mutex> lock(m_mutex);
    m_handles[number] = std::move(handle);
  }

  // Without a torrent where there is none of this number.
  lt::torrent_handle find(int number) const {
    std::lock_guard<std::mutex> lock(m_mutex);
    auto const found = m_handles.find(number);
    return found == m_handles.end() ? lt::torrent_handle() : found->second;
  }

  void remove(int number) {
    std::lock_guard<std::mutex> lock(m_mutex);
    m_handles.erase(number);
  }

  void clear() {
    std::lock_guard<std::mutex> lock(m_mutex);
    m_handles.clear();
  }

 private:
  mutable std::mutex m_mutex;
  std::map<int, lt::torrent_handle> m_handles;
};

// A libtorrent session as src/addon.ts sees it: the addon's half of NativeSession. JavaScript thread, but for
// what addTorrent does on the network thread.
class SessionWrap final : public Napi::ObjectWrap<SessionWrap> {
 public:
  static Napi::Function define(Napi::Env env);

  // new Session(src/addon.ts AddonSessionOptions, dispatch)
  explicit SessionWrap(Napi::CallbackInfo const& call);
  ~SessionWrap() override;

  // addTorrent(request): the handle number. `dispatch` is told `torrentAdded` once libtorrent has it, or why it has not.
  Napi::Value addTorrent(Napi::CallbackInfo const& call);
  void removeTorrent(Napi::CallbackInfo const& call);
  Napi::Value torrentStatus(Napi::CallbackInfo const& call);
  // torrentStatuses(handles?)
  Napi::Value torrentStatuses(Napi::CallbackInfo const& call);
  Napi::Value popAlerts(Napi::CallbackInfo const& call);
  // settle(id, outcome, bytes?, wantsBlockHashes?, offersDigests?)
  void settle(Napi::CallbackInfo const& call);
  void settleAll(Napi::CallbackInfo const& call);
  // close(deadlineMs): returns at once; dispatch is told `closed` when everything has ended.
  void close(Napi::CallbackInfo const& call);
  // The calls of torrent_calls.h and session_calls.h as methods.
  template <Napi::Value (*answer)(Napi::CallbackInfo const&, lt::torrent_handle const&)>
  Napi::Value ofTorrent(Napi::CallbackInfo const& call) {
    return guarded(call, [&] { return answer(call, torrent(call[0])); });
  }
  template <Napi::Value (*answer)(Napi::CallbackInfo const&, session_calls::OpenSession const&)>
  Napi::Value ofSession(Napi::CallbackInfo const& call) {
    Napi::Env const env = call.Env();
    session(env);
    return guarded(call, [&] { return answer(call, [this, env]() -> lt::session& { return session(env); }); });
  }

 private:
  static std::vector<PropertyDescriptor> torrentMethods();
  static std::vector<PropertyDescriptor> sessionMethods();
  void startSession(Napi::Env env, lt::session_params params);
  lt::torrent_handle torrent(Napi::Value handle) const;
  lt::session& session(Napi::Env env) const;
  std::shared_ptr<TorrentContext> makeContext(std::string torrentId, lt::add_torrent_params const& params);
  static void onEnvironmentEnds(void* self);

  std::shared_ptr<JsChannel> m_channel;
  std::shared_ptr<TorrentRegistry> m_registry;
  std::unique_ptr<lt::session> m_session;
  // Lives as long as the session.
  std::shared_ptr<NetworkQueue> m_network;
  std::shared_ptr<TorrentHandles> m_torrents = std::make_shared<TorrentHandles>();
  int m_lastHandle = 0;
  bool m_usesHandler = false;
  bool m_wantsRawAlerts = false;
  // Where the session dies after close().
  std::thread m_closing;
  bool m_environmentEnded = false;
};

}  // namespace bae
