#include <libtorrent/version.hpp>
#include <napi.h>

#include "create_torrent.h"
#include "session_wrap.h"
#include "torrent_convert.h"

// The export table; src/addon.ts holds its types.
static Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("libtorrentVersion", lt::version());
  exports.Set("parseTorrentFile", Napi::Function::New(env, bae::parseTorrentFile));
  exports.Set("createTorrentFile", Napi::Function::New(env, bae::createTorrentFile));
  exports.Set("Session", bae::SessionWrap::define(env));
  return exports;
}

NODE_API_MODULE(bae_native, init)
