#include "torrent_convert.h"

#include <libtorrent/bdecode.hpp>
#include <libtorrent/hex.hpp>

#include <algorithm>
#include <vector>

#include "arguments.h"
#include "bytes.h"
#include "tracker_convert.h"

namespace bae {
namespace {

template <typename Hash>
std::string hex(Hash const& hash) {
  return lt::aux::to_hex(hash);
}

std::vector<std::string> split(std::string const& path) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    std::size_t const end = std::min(path.find('/', begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

char const* kindOf(lt::file_flags_t flags) {
  if (flags & lt::file_storage::flag_pad_file) return "padding";
  if (flags & lt::file_storage::flag_symlink) return "symlink";
  return "file";
}

// Without the components before `first`.
Napi::Array pathToJs(Napi::Env env, std::vector<std::string> const& parts, std::size_t first) {
  auto path = Napi::Array::New(env);
  for (std::size_t i = first; i < parts.size(); ++i) path.Set(std::uint32_t(i - first), parts[i]);
  return path;
}

Napi::Object fileToJs(Napi::Env env, lt::file_storage const& files, lt::file_index_t index) {
  auto const flags = files.file_flags(index);
  auto file = Napi::Object::New(env);
  file.Set("index", int(index));
  auto const path = split(files.file_path(index));
  file.Set("path", pathToJs(env, path, path.size() > 1 ? 1 : 0));
  file.Set("offsetBytes", double(files.file_offset(index)));
  file.Set("lengthBytes", double(files.file_size(index)));
  file.Set("kind", kindOf(flags));
  file.Set("executable", bool(flags & lt::file_storage::flag_executable));
  // libtorrent lets a link that would leave the torrent point to itself.
  if (flags & lt::file_storage::flag_symlink) file.Set("symlinkTarget", pathToJs(env, split(files.symlink(index)), 1));
  // Of v2 and hybrid torrents, where the file has bytes of its own.
  if (files.root_ptr(index) != nullptr) file.Set("piecesRoot", hex(files.root(index)));
  return file;
}

// libtorrent pads the only file of a v2 torrent, and leaves out the folder of one that is alone in it.
bool isSingleFile(lt::torrent_info const& info) {
  auto const& files = info.orig_files();
  int plain = 0;
  bool isOfItsName = false;
  for (auto const index : files.file_range()) {
    if (files.pad_file_at(index)) continue;
    ++plain;
    isOfItsName = files.file_path(index) == info.name();
  }
  return plain == 1 && isOfItsName;
}

// A file of v2 begins with a piece; padding and empty files have no hashes.
Napi::Uint8Array pieceHashesV2(Napi::Env env, lt::torrent_info const& info) {
  auto const& files = info.orig_files();
  std::size_t const hashBytes = lt::sha256_hash::size();
  std::vector<char> hashes(std::size_t(info.num_pieces()) * hashBytes, 0);
  for (auto const index : files.file_range()) {
    if (files.pad_file_at(index) || files.file_size(index) == 0) continue;
    auto const layer = info.piece_layer(index);
    std::size_t const first = std::size_t(int(files.piece_index_at_file(index))) * hashBytes;
    if (std::size_t(layer.size()) > hashes.size() - first) continue;
    std::copy(layer.begin(), layer.end(), hashes.begin() + std::ptrdiff_t(first));
  }
  return bytesToJs(env, hashes.data(), hashes.size());
}

constexpr int kMostBytes = (1 << 29) - 1;

// What is beyond a limit; empty where the error is another one.
std::string limitOf(lt::error_code const& error, lt::load_torrent_limits const& limits, std::ptrdiff_t bytes) {
  auto const over = [](int limit, char const* what) { return "more than " + std::to_string(limit) + " " + what; };
  // The parser has one error for two limits.
  if (error == lt::bdecode_errors::limit_exceeded && bytes > kMostBytes) return over(kMostBytes, "bytes");
  if (error == lt::bdecode_errors::limit_exceeded) return over(limits.max_decode_tokens, "bencoded values");
  if (error == lt::bdecode_errors::depth_exceeded) return over(limits.max_decode_depth, "levels of lists and dictionaries");
  if (error == lt::errors::too_many_pieces_in_torrent) return over(limits.max_pieces, "pieces");
  return {};
}

}  // namespace

lt::load_torrent_limits torrentFileLimits() {
  lt::load_torrent_limits limits;
  limits.max_decode_tokens = 10'000'000;
  return limits;
}

void setInfoHashes(Napi::Object& object, lt::info_hash_t const& hashes) {
  if (hashes.has_v1()) object.Set("infoHashV1", hex(hashes.v1));
  if (hashes.has_v2()) object.Set("infoHashV2", hex(hashes.v2));
}

Napi::Object layoutToJs(Napi::Env env, lt::torrent_info const& info) {
  auto const& files = info.orig_files();
  auto layout = Napi::Object::New(env);
  setInfoHashes(layout, info.info_hashes());
  layout.Set("name", info.name());
  layout.Set("singleFile", isSingleFile(info));
  layout.Set("pieceLengthBytes", files.piece_length());
  layout.Set("totalLengthBytes", double(files.total_size()));
  auto list = Napi::Array::New(env, std::size_t(files.num_files()));
  for (auto const index : files.file_range()) {
    list.Set(std::uint32_t(int(index)), fileToJs(env, files, index));
  }
  layout.Set("files", list);
  return layout;
}

Napi::Object metadataToJs(Napi::Env env, lt::torrent_info const& info) {
  auto metadata = Napi::Object::New(env);
  auto const section = info.info_section();
  metadata.Set("infoSection", bytesToJs(env, section.data(), std::size_t(section.size())));
  if (info.info_hashes().has_v1()) {
    std::size_t const bytes = std::size_t(info.num_pieces()) * lt::sha1_hash::size();
    metadata.Set("pieceHashesV1", bytesToJs(env, info.hash_for_piece_ptr(lt::piece_index_t(0)), bytes));
  }
  if (info.info_hashes().has_v2()) metadata.Set("pieceHashesV2", pieceHashesV2(env, info));
  return metadata;
}

std::shared_ptr<lt::torrent_info const> parseTorrent(Napi::Value value) {
  auto const bytes = bytesOf(value, "a torrent file");
  auto const limits = torrentFileLimits();
  try {
    return std::make_shared<lt::torrent_info>(bytes, limits, lt::from_span);
  } catch (lt::system_error const& error) {
    auto const limit = limitOf(error.code(), limits, bytes.size());
    if (!limit.empty()) throw codedError(value.Env(), "NATIVE_TORRENT_LIMIT", "libtorrent takes no torrent with " + limit);
    throw codedError(value.Env(), "NATIVE_INVALID_TORRENT", "not a usable .torrent file: " + error.code().message());
  }
}

Napi::Value parseTorrentFile(Napi::CallbackInfo const& call) {
  Napi::Env const env = call.Env();
  auto const info = parseTorrent(call[0]);
  auto parsed = Napi::Object::New(env);
  parsed.Set("layout", layoutToJs(env, *info));
  parsed.Set("metadata", metadataToJs(env, *info));
  auto trackers = Napi::Array::New(env);
  auto entries = Napi::Array::New(env);
  for (auto const& tracker : info->trackers()) {
    trackers.Set(trackers.Length(), tracker.url);
    entries.Set(entries.Length(), trackerEntryToJs(env, tracker.url, tracker.tier));
  }
  parsed.Set("trackers", trackers);
  parsed.Set("trackerEntries", entries);
  auto seeds = Napi::Array::New(env);
  for (auto const& seed : info->web_seeds()) seeds.Set(seeds.Length(), seed.url);
  parsed.Set("webSeeds", seeds);
  parsed.Set("isPrivate", info->priv());
  if (!info->comment().empty()) parsed.Set("comment", info->comment());
  if (!info->creator().empty()) parsed.Set("creator", info->creator());
  if (info->creation_date() > 0) parsed.Set("createdAtMs", double(info->creation_date()) * 1000);
  return parsed;
}

Napi::Error codedError(Napi::Env env, char const* code, std::string const& message) {
  auto error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

}  // namespace bae
