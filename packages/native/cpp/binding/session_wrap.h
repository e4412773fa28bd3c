#pragma once
#include <libtorrent/session.hpp>
#include <libtorrent/session_params.hpp>
#include <napi.h>

#include <map>
#include <memory>
#include <thread>

#include "js_channel.h"
#include "disk/torrent_context.h"

namespace bae {

// A libtorrent session as src/addon.ts sees it: the addon's half of NativeSession. JavaScript thread, but for
// what addTorrent does on a worker thread.
class SessionWrap final : public Napi::ObjectWrap<SessionWrap> {
 public:
  static Napi::Function define(Napi::Env env);

  // new Session({ settings, usesHandler, maxPendingWriteBytes, maxHalfPieceBytes, storageDeadlineMs }, dispatch)
  explicit SessionWrap(Napi::CallbackInfo const& call);
  ~SessionWrap() override;

  // addTorrent(request): the handle number
  Napi::Value addTorrent(Napi::CallbackInfo const& call);
  void removeTorrent(Napi::CallbackInfo const& call);
  void pauseTorrent(Napi::CallbackInfo const& call);
  void resumeTorrent(Napi::CallbackInfo const& call);
  void connectPeer(Napi::CallbackInfo const& call);
  Napi::Value torrentStatus(Napi::CallbackInfo const& call);
  void applySettings(Napi::CallbackInfo const& call);
  Napi::Value listenPort(Napi::CallbackInfo const& call);
  Napi::Value popAlerts(Napi::CallbackInfo const& call);
  // settle(id, outcome, bytes?, wantsBlockHashes?)
  void settle(Napi::CallbackInfo const& call);
  // close(deadlineMs): returns at once; dispatch is told `closed` when everything has ended.
  void close(Napi::CallbackInfo const& call);

 private:
  void startSession(Napi::Env env, lt::session_params params);
  lt::torrent_handle torrent(Napi::CallbackInfo const& call) const;
  lt::session& session(Napi::CallbackInfo const& call) const;
  std::shared_ptr<TorrentContext> makeContext(std::string torrentId, lt::add_torrent_params const& params);
  static void onEnvironmentEnds(void* self);

  std::shared_ptr<JsChannel> m_channel;
  std::shared_ptr<TorrentRegistry> m_registry;
  std::unique_ptr<lt::session> m_session;
  std::map<int, lt::torrent_handle> m_torrents;
  int m_lastHandle = 0;
  bool m_usesHandler;
  // Where the session dies after close().
  std::thread m_closing;
  bool m_environmentEnded = false;
};

}  // namespace bae
