#include "status_convert.h"

#include <chrono>

#include "alert_convert.h"
#include "torrent_convert.h"
#include "torrent_flags.h"

namespace bae {
namespace {

template <typename Duration>
double inMs(Duration duration) {
  return double(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

// libtorrent's "unknown" is a negative number or a time of 0; for JavaScript the property is not there.
void setUnlessNegative(Napi::Object& object, char const* key, double value) {
  if (value >= 0) object.Set(key, value);
}

void setTime(Napi::Object& object, char const* key, std::time_t seconds) {
  if (seconds > 0) object.Set(key, double(seconds) * 1000);
}

void setSwarm(Napi::Object& object, lt::torrent_status const& status) {
  object.Set("connections", status.num_connections);
  object.Set("seeds", status.num_seeds);
  object.Set("unchokedPeers", status.num_uploads);
  object.Set("knownPeers", status.list_peers);
  object.Set("knownSeeds", status.list_seeds);
  setUnlessNegative(object, "swarmSeeds", status.num_complete);
  setUnlessNegative(object, "swarmDownloaders", status.num_incomplete);
  setUnlessNegative(object, "copies", double(status.distributed_copies));
}

void setBytes(Napi::Object& object, lt::torrent_status const& status) {
  object.Set("totalBytes", double(status.total));
  object.Set("doneBytes", double(status.total_done));
  object.Set("wantedBytes", double(status.total_wanted));
  object.Set("wantedDoneBytes", double(status.total_wanted_done));
  object.Set("failedBytes", double(status.total_failed_bytes));
  object.Set("redundantBytes", double(status.total_redundant_bytes));
  object.Set("allTimeDownloadedBytes", double(status.all_time_download));
  object.Set("allTimeUploadedBytes", double(status.all_time_upload));
}

void setTimes(Napi::Object& object, lt::torrent_status const& status) {
  setTime(object, "addedAtMs", status.added_time);
  setTime(object, "completedAtMs", status.completed_time);
  setTime(object, "lastSeenCompleteAtMs", status.last_seen_complete);
  object.Set("activeMs", inMs(status.active_duration));
  object.Set("finishedMs", inMs(status.finished_duration));
  object.Set("seedingMs", inMs(status.seeding_duration));
  object.Set("nextAnnounceInMs", inMs(status.next_announce));
}

}  // namespace

char const* stateName(lt::torrent_status::state_t state) {
  switch (state) {
    case lt::torrent_status::checking_files: return "checkingFiles";
    case lt::torrent_status::downloading_metadata: return "downloadingMetadata";
    case lt::torrent_status::downloading: return "downloading";
    case lt::torrent_status::finished: return "finished";
    case lt::torrent_status::seeding: return "seeding";
    default: return "checkingResumeData";
  }
}

Napi::Object statusToJs(Napi::Env env, lt::torrent_status const& status, int number) {
  auto object = Napi::Object::New(env);
  object.Set("handle", number);
  object.Set("state", stateName(status.state));
  object.Set("paused", bool(status.flags & lt::torrent_flags::paused));
  object.Set("uploadMode", bool(status.flags & lt::torrent_flags::upload_mode));
  object.Set("piecesHave", status.num_pieces);
  object.Set("peers", status.num_peers);
  object.Set("downloadBytesPerSecond", status.download_payload_rate);
  object.Set("uploadBytesPerSecond", status.upload_payload_rate);
  object.Set("downloadedBytes", double(status.total_payload_download));
  object.Set("uploadedBytes", double(status.total_payload_upload));
  if (status.errc) {
    auto error = Napi::Object::New(env);
    error.Set("code", errorCodeName(status.errc));
    error.Set("message", status.errc.message());
    object.Set("error", error);
  }
  return object;
}

Napi::Object detailsToJs(Napi::Env env, lt::torrent_status const& status, int number) {
  auto object = statusToJs(env, status, number);
  object.Set("name", status.name);
  setInfoHashes(object, status.info_hashes);
  object.Set("hasMetadata", status.has_metadata);
  object.Set("progress", double(status.progress_ppm) / 1'000'000);
  object.Set("flags", flagsToJs(env, status.flags));
  object.Set("hasUnsavedResumeData", status.need_save_resume);
  object.Set("currentTracker", status.current_tracker);
  setUnlessNegative(object, "queuePosition", int(status.queue_position));
  setBytes(object, status);
  setSwarm(object, status);
  setTimes(object, status);
  return object;
}

}  // namespace bae
