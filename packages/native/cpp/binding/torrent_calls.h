#pragma once
#include <libtorrent/torrent_handle.hpp>
#include <napi.h>

namespace bae::torrent_calls {

// What src/torrent-control.ts says of one torrent; `call` has the handle number first and the arguments after it.
// JavaScript thread. libtorrent answers from its network thread: the getters wait for it, the others do not.
// Throw NATIVE_INVALID_ARGUMENT, and lt::system_error once the torrent is gone.

Napi::Value pause(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value resume(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value connectPeer(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value recheck(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value peers(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value flags(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value setFlags(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value limits(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value setLimits(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);

Napi::Value trackers(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value addTracker(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value replaceTrackers(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value forceReannounce(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value scrapeTrackers(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value webSeeds(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value addWebSeed(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value removeWebSeed(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
// saveResumeData(handle, saveInfoSection): exactly one alert of resume data answers it, in order for each torrent,
// unless the torrent goes first.
Napi::Value saveResumeData(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);

// Below this the calls of piece_calls.cc.
Napi::Value filePriorities(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value setFilePriorities(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value piecePriorities(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value setPiecePriorities(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value setPieceDeadline(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value resetPieceDeadline(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value clearPieceDeadlines(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value fileProgress(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value pieceAvailability(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);
Napi::Value pieceMap(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent);

}  // namespace bae::torrent_calls
