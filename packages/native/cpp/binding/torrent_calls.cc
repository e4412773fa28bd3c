#include "torrent_calls.h"

#include <libtorrent/announce_entry.hpp>
#include <libtorrent/peer_info.hpp>

#include "arguments.h"
#include "peer_convert.h"
#include "torrent_flags.h"
#include "torrent_limits.h"
#include "tracker_convert.h"

namespace bae::torrent_calls {
namespace {

// What libtorrent keeps for "as many as you like".
constexpr int kUnlimitedCount = (1 << 24) - 1;

int zeroIfUnlimited(int limit) { return limit < 0 || limit >= kUnlimitedCount ? 0 : limit; }

}  // namespace

Napi::Value pause(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  torrent.pause();
  return call.Env().Undefined();
}

Napi::Value resume(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  torrent.clear_error();
  torrent.unset_flags(lt::torrent_flags::upload_mode);
  torrent.resume();
  return call.Env().Undefined();
}

Napi::Value connectPeer(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  auto const address = addressOf(call[1], "host");
  int const port = intOf(call[2], "port", 1, 65535);
  // Only of who comes from a tracker libtorrent takes one failure back, and without that it dials nobody after the third.
  torrent.connect_peer(lt::tcp::endpoint(address, std::uint16_t(port)), lt::peer_info::tracker);
  return call.Env().Undefined();
}

Napi::Value recheck(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  torrent.force_recheck();
  return call.Env().Undefined();
}

Napi::Value peers(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  std::vector<lt::peer_info> peers;
  torrent.get_peer_info(peers);
  auto list = Napi::Array::New(call.Env(), peers.size());
  for (std::size_t i = 0; i < peers.size(); ++i) list.Set(std::uint32_t(i), peerToJs(call.Env(), peers[i]));
  return list;
}

Napi::Value flags(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  return flagsToJs(call.Env(), torrent.flags());
}

Napi::Value setFlags(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  auto const change = flagChangeOf(call[1], "flags");
  torrent.set_flags(change.on, change.named);
  return call.Env().Undefined();
}

Napi::Value limits(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  auto object = Napi::Object::New(call.Env());
  object.Set("downloadBytesPerSecond", std::max(0, torrent.download_limit()));
  object.Set("uploadBytesPerSecond", std::max(0, torrent.upload_limit()));
  object.Set("maxConnections", zeroIfUnlimited(torrent.max_connections()));
  object.Set("maxUploads", zeroIfUnlimited(torrent.max_uploads()));
  return object;
}

Napi::Value setLimits(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  auto const limits = torrentLimitsOf(call[1], "limits");
  if (limits.download) torrent.set_download_limit(*limits.download);
  if (limits.upload) torrent.set_upload_limit(*limits.upload);
  if (limits.connections) torrent.set_max_connections(*limits.connections);
  if (limits.uploads) torrent.set_max_uploads(*limits.uploads);
  return call.Env().Undefined();
}

Napi::Value trackers(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  auto const trackers = torrent.trackers();
  auto const hashes = torrent.info_hashes();
  auto list = Napi::Array::New(call.Env(), trackers.size());
  for (std::size_t i = 0; i < trackers.size(); ++i) {
    list.Set(std::uint32_t(i), trackerToJs(call.Env(), trackers[i], hashes));
  }
  return list;
}

Napi::Value addTracker(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  torrent.add_tracker(trackerOf(call[1], "tracker"));
  return call.Env().Undefined();
}

Napi::Value replaceTrackers(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  torrent.replace_trackers(listOf(call[1], "trackers", trackerOf));
  return call.Env().Undefined();
}

Napi::Value forceReannounce(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  torrent.force_reannounce(0, -1, lt::torrent_handle::ignore_min_interval);
  return call.Env().Undefined();
}

Napi::Value scrapeTrackers(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  int const trackers = int(torrent.trackers().size());
  for (int tracker = 0; tracker < trackers; ++tracker) torrent.scrape_tracker(tracker);
  return call.Env().Undefined();
}

Napi::Value webSeeds(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  auto list = Napi::Array::New(call.Env());
  for (auto const& url : torrent.url_seeds()) list.Set(list.Length(), url);
  return list;
}

Napi::Value addWebSeed(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  torrent.add_url_seed(stringOf(call[1], "url"));
  return call.Env().Undefined();
}

Napi::Value removeWebSeed(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  torrent.remove_url_seed(stringOf(call[1], "url"));
  return call.Env().Undefined();
}

Napi::Value saveResumeData(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  auto const withInfo = booleanOf(call[1], "saveInfoSection");
  torrent.save_resume_data(withInfo ? lt::torrent_handle::save_info_dict : lt::resume_data_flags_t{});
  return call.Env().Undefined();
}

}  // namespace bae::torrent_calls
