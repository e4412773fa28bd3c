#include <libtorrent/create_torrent.hpp>
#include <libtorrent/version.hpp>
#include <napi.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "binding/add_torrent_options.h"
#include "binding/create_torrent.h"
#include "binding/file_calls.h"
#include "binding/hash_lane.h"
#include "binding/self_test.h"
#include "binding/session_wrap.h"
#include "binding/statistics.h"
#include "binding/torrent_convert.h"

// libtorrent takes file names for UTF-8 only where LANG says so, and drops those it cannot convert. Linux file
// names are bytes and those of torrents are UTF-8, whatever the language. libtorrent looks at LANG once, at the
// first name it touches: that is here, before any thread of ours.
static void takeFileNamesAsUtf8() {
  char const* const given = std::getenv("LANG");
  std::string const before = given == nullptr ? "" : given;
  setenv("LANG", "C.UTF-8", 1);
  lt::file_storage files;
  lt::add_files(files, "/dev/null");
  if (given == nullptr) {
    unsetenv("LANG");
  } else {
    setenv("LANG", before.c_str(), 1);
  }
}

static void testHashersOnce(Napi::Env env) {
  try {
    static bool const once = (bae::testHashers(), true);
    static_cast<void>(once);
  } catch (std::runtime_error const& error) {
    throw bae::codedError(env, "NATIVE_SELF_TEST_FAILED", error.what());
  }
}

// The export table; src/addon.ts holds its types.
static Napi::Object init(Napi::Env env, Napi::Object exports) {
  static bool const once = (takeFileNamesAsUtf8(), true);
  static_cast<void>(once);
  testHashersOnce(env);
  exports.Set("libtorrentVersion", lt::version());
  exports.Set("parseTorrentFile", Napi::Function::New(env, bae::parseTorrentFile));
  exports.Set("parseMagnet", Napi::Function::New(env, bae::parseMagnet));
  exports.Set("sessionStatisticNames", Napi::Function::New(env, bae::sessionStatisticNames));
  exports.Set("createTorrentFile", Napi::Function::New(env, bae::createTorrentFile));
  exports.Set("writeFile", Napi::Function::New(env, bae::writeFile));
  exports.Set("readFile", Napi::Function::New(env, bae::readFile));
  exports.Set("renameUnlessThere", Napi::Function::New(env, bae::renameUnlessThere));
  exports.Set("hasHashLanes", Napi::Function::New(env, bae::hasHashLanes));
  exports.Set("merkleRoot", Napi::Function::New(env, bae::merkleRootOf));
  exports.Set("HashLane", bae::HashLane::define(env));
  exports.Set("Session", bae::SessionWrap::define(env));
  return exports;
}

NODE_API_MODULE(bae_native, init)
