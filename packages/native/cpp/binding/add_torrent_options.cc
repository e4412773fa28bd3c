#include "add_torrent_options.h"

#include <libtorrent/hex.hpp>
#include <libtorrent/magnet_uri.hpp>
#include <libtorrent/read_resume_data.hpp>

#include "arguments.h"
#include "torrent_convert.h"
#include "torrent_flags.h"
#include "torrent_limits.h"
#include "tracker_convert.h"

namespace bae {
namespace {

lt::add_torrent_params magnetOf(Napi::Env env, std::string const& uri) {
  lt::error_code error;
  auto params = lt::parse_magnet_uri(uri, error);
  if (error) throw codedError(env, "NATIVE_INVALID_TORRENT", "not a usable magnet link: " + error.message());
  return params;
}

lt::info_hash_t infoHashOf(Napi::Value value) {
  auto const hex = stringOf(value, "infoHash");
  lt::sha1_hash v1;
  lt::sha256_hash v2;
  if (hex.size() == 40 && lt::aux::from_hex(hex, v1.data())) return lt::info_hash_t(v1);
  if (hex.size() == 64 && lt::aux::from_hex(hex, v2.data())) return lt::info_hash_t(v2);
  throw invalidArgument(value.Env(), "infoHash is 40 or 64 hex digits");
}

lt::add_torrent_params resumeDataOf(Napi::Value value) {
  lt::error_code error;
  // It may have all that a .torrent has.
  auto params = lt::read_resume_data(bytesOf(value, "resumeData"), error, torrentFileLimits());
  if (error) throw invalidArgument(value.Env(), "resumeData is no resume data: " + error.message());
  return params;
}

bool areOfTwo(lt::info_hash_t const& a, lt::info_hash_t const& b) {
  return (a.has_v1() && b.has_v1() && a.v1 != b.v1) || (a.has_v2() && b.has_v2() && a.v2 != b.v2);
}

// What the request is about. Where resume data comes too, it must be about the same torrent.
lt::add_torrent_params sourceOf(Napi::Object const& request) {
  auto const file = given(request, "torrentFile");
  auto const magnet = given(request, "magnetUri");
  auto const hash = given(request, "infoHash");
  auto const resume = given(request, "resumeData");
  int const sources = int(file.has_value()) + int(magnet.has_value()) + int(hash.has_value());
  if (sources > 1 || (sources == 0 && !resume)) {
    throw invalidArgument(request.Env(), "a torrent is added by one of torrentFile, magnetUri, infoHash, or by resumeData");
  }
  lt::add_torrent_params params;
  if (resume) params = resumeDataOf(*resume);
  auto const before = params.info_hashes;
  if (file) {
    // libtorrent 2.0 wants a torrent_info it may change; parseTorrent made this one for us alone.
    params.ti = std::const_pointer_cast<lt::torrent_info>(parseTorrent(*file));
    params.info_hashes = params.ti->info_hashes();
  } else if (magnet) {
    auto link = magnetOf(request.Env(), stringOf(*magnet, "magnetUri"));
    if (!resume) {
      params = std::move(link);
    } else {
      params.info_hashes = link.info_hashes;
    }
  } else if (hash) {
    params.info_hashes = infoHashOf(*hash);
  } else if (params.ti) {
    params.info_hashes = params.ti->info_hashes();
  }
  if (areOfTwo(before, params.info_hashes)) throw invalidArgument(request.Env(), "resumeData is of another torrent");
  if (!params.info_hashes.has_v1() && !params.info_hashes.has_v2()) {
    throw invalidArgument(request.Env(), "resumeData names no torrent");
  }
  return params;
}

// Resume data may be of another version of the torrent, or damaged: what does not fit its pieces is not passed on.
void dropWhatDoesNotFit(lt::add_torrent_params& params, bool usesHandler) {
  int const pieces = params.ti ? params.ti->num_pieces() : 0;
  if (params.have_pieces.size() != pieces) params.have_pieces.clear();
  if (params.verified_pieces.size() != pieces) params.verified_pieces.clear();
  if (int(params.piece_priorities.size()) != pieces) params.piece_priorities.clear();
  if (params.ti && int(params.file_priorities.size()) > params.ti->num_files()) {
    params.file_priorities.resize(std::size_t(params.ti->num_files()));
  }
  // Blocks of pieces that were not whole were in our buffers, which are gone.
  if (usesHandler || !params.ti) params.unfinished_pieces.clear();
}

void readPriorities(lt::add_torrent_params& params, Napi::Object const& request) {
  if (auto const files = given(request, "filePriorities")) {
    auto list = listOf(*files, "filePriorities", priorityOf);
    if (params.ti && int(list.size()) != params.ti->num_files()) {
      throw invalidArgument(request.Env(), "filePriorities are one number for each file");
    }
    params.file_priorities.assign(list.begin(), list.end());
  }
  if (auto const pieces = given(request, "piecePriorities")) {
    auto list = listOf(*pieces, "piecePriorities", priorityOf);
    if (!params.ti || int(list.size()) != params.ti->num_pieces()) {
      throw invalidArgument(request.Env(), "piecePriorities are one number for each piece of a torrent that is known");
    }
    params.piece_priorities.assign(list.begin(), list.end());
  }
}

void readHavePieces(lt::add_torrent_params& params, Napi::Object const& request) {
  auto const have = given(request, "havePieces");
  if (!have) return;
  auto const bytes = bytesOf(*have, "havePieces");
  if (!params.ti) throw invalidArgument(request.Env(), "havePieces is only for a torrent whose pieces are known");
  int const pieces = params.ti->num_pieces();
  if (bytes.size() != (pieces + 7) / 8) {
    throw invalidArgument(request.Env(), "havePieces is exactly " + std::to_string((pieces + 7) / 8) + " bytes");
  }
  params.have_pieces.assign(bytes.data(), pieces);
}

lt::tcp::endpoint peerOf(Napi::Value value, std::string const& name) {
  auto const object = objectOf(value, name);
  auto const address = addressOf(object.Get("host"), name + ".host");
  return {address, std::uint16_t(intOf(object.Get("port"), name + ".port", 1, 65535))};
}

void readPlaces(lt::add_torrent_params& params, Napi::Object const& request) {
  if (auto const trackers = given(request, "trackers")) {
    // Those of a magnet link have no tiers.
    params.tracker_tiers.resize(params.trackers.size());
    for (auto const& tracker : listOf(*trackers, "trackers", trackerOf)) {
      params.trackers.push_back(tracker.url);
      params.tracker_tiers.push_back(tracker.tier);
    }
  }
  if (auto const seeds = given(request, "webSeeds")) {
    for (auto const& url : stringsOf(*seeds, "webSeeds")) params.url_seeds.push_back(url);
  }
  if (auto const peers = given(request, "peers")) {
    for (auto const& peer : listOf(*peers, "peers", peerOf)) params.peers.push_back(peer);
  }
}

void readLimits(lt::add_torrent_params& params, Napi::Object const& request) {
  auto const value = given(request, "limits");
  if (!value) return;
  auto const limits = torrentLimitsOf(*value, "limits");
  if (limits.download) params.download_limit = *limits.download;
  if (limits.upload) params.upload_limit = *limits.upload;
  if (limits.connections) params.max_connections = *limits.connections;
  if (limits.uploads) params.max_uploads = *limits.uploads;
}

void setFlag(lt::add_torrent_params& params, lt::torrent_flags_t flag, std::optional<Napi::Value> on, char const* name) {
  if (!on) return;
  if (booleanOf(*on, name)) {
    params.flags |= flag;
  } else {
    params.flags &= ~flag;
  }
}

void readFlags(lt::add_torrent_params& params, Napi::Object const& request) {
  // Queueing is for the layers above; a torrent that is added runs, unless resume data or the request says otherwise.
  params.flags &= ~lt::torrent_flags::auto_managed;
  if (!given(request, "resumeData")) params.flags &= ~lt::torrent_flags::paused;
  if (auto const flags = given(request, "flags")) {
    auto const change = flagChangeOf(*flags, "flags");
    params.flags = (params.flags & ~change.named) | change.on;
  }
  setFlag(params, lt::torrent_flags::paused, given(request, "paused"), "paused");
  setFlag(params, lt::torrent_flags::seed_mode, given(request, "seedMode"), "seedMode");
  params.flags |= lt::torrent_flags::duplicate_is_error;
}

// It is the last element of a path: see below.
std::string torrentIdOf(Napi::Value value) {
  auto id = stringOf(value, "torrentId");
  bool const isElement = !id.empty() && id != "." && id != ".." && id.find('/') == std::string::npos &&
                         id.find('\0') == std::string::npos;
  if (!isElement) throw invalidArgument(value.Env(), "torrentId is a name that may stand in a path, without /");
  return id;
}

}  // namespace

AddTorrentOptions addTorrentOptionsOf(Napi::Value value, bool usesHandler) {
  auto const request = objectOf(value, "the request");
  AddTorrentOptions options;
  options.torrentId = torrentIdOf(request.Get("torrentId"));
  options.params = sourceOf(request);
  auto& params = options.params;
  dropWhatDoesNotFit(params, usesHandler);
  readHavePieces(params, request);
  readPriorities(params, request);
  readPlaces(params, request);
  readLimits(params, request);
  readFlags(params, request);
  if (auto const name = given(request, "name")) params.name = stringOf(*name, "name");
  // Also over that of resume data. With a handler the path is no place on any disk: its last element tells our disk
  // backend whose storage it makes.
  params.save_path = usesHandler ? "/bae/" + options.torrentId : pathOf(request.Get("savePath"), "savePath");
  return options;
}

Napi::Value parseMagnet(Napi::CallbackInfo const& call) {
  Napi::Env const env = call.Env();
  auto const params = magnetOf(env, stringOf(call[0], "uri"));
  auto link = Napi::Object::New(env);
  setInfoHashes(link, params.info_hashes);
  if (!params.name.empty()) link.Set("name", params.name);
  auto trackers = Napi::Array::New(env);
  for (std::size_t i = 0; i < params.trackers.size(); ++i) {
    int const tier = i < params.tracker_tiers.size() ? params.tracker_tiers[i] : 0;
    trackers.Set(trackers.Length(), trackerEntryToJs(env, params.trackers[i], tier));
  }
  link.Set("trackers", trackers);
  auto seeds = Napi::Array::New(env);
  for (auto const& url : params.url_seeds) seeds.Set(seeds.Length(), url);
  link.Set("webSeeds", seeds);
  auto peers = Napi::Array::New(env);
  for (auto const& peer : params.peers) {
    auto object = Napi::Object::New(env);
    object.Set("host", peer.address().to_string());
    object.Set("port", int(peer.port()));
    peers.Set(peers.Length(), object);
  }
  link.Set("peers", peers);
  auto priorities = Napi::Array::New(env);
  for (auto const priority : params.file_priorities) {
    priorities.Set(priorities.Length(), int(static_cast<std::uint8_t>(priority)));
  }
  if (!params.file_priorities.empty()) link.Set("filePriorities", priorities);
  return link;
}

}  // namespace bae
