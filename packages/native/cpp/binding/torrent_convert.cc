#include "torrent_convert.h"

#include <libtorrent/hex.hpp>

#include <cstring>
#include <vector>

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

Napi::Array pathToJs(Napi::Env env, std::vector<std::string> const& parts, bool hasTopFolder) {
  std::size_t const first = hasTopFolder && parts.size() > 1 ? 1 : 0;
  auto path = Napi::Array::New(env, parts.size() - first);
  for (std::size_t i = first; i < parts.size(); ++i) path.Set(std::uint32_t(i - first), parts[i]);
  return path;
}

Napi::Object fileToJs(Napi::Env env, lt::file_storage const& files, lt::file_index_t index, bool hasTopFolder) {
  auto const flags = files.file_flags(index);
  auto file = Napi::Object::New(env);
  file.Set("index", int(index));
  file.Set("path", pathToJs(env, split(files.file_path(index)), hasTopFolder));
  file.Set("offsetBytes", double(files.file_offset(index)));
  file.Set("lengthBytes", double(files.file_size(index)));
  file.Set("kind", kindOf(flags));
  file.Set("executable", bool(flags & lt::file_storage::flag_executable));
  return file;
}

Napi::Uint8Array bytesToJs(Napi::Env env, char const* bytes, std::size_t length) {
  auto copy = Napi::Uint8Array::New(env, length);
  std::memcpy(copy.Data(), bytes, length);
  return copy;
}

}  // namespace

Napi::Object layoutToJs(Napi::Env env, lt::torrent_info const& info) {
  auto const& files = info.orig_files();
  auto layout = Napi::Object::New(env);
  if (info.info_hashes().has_v1()) layout.Set("infoHashV1", hex(info.info_hashes().v1));
  if (info.info_hashes().has_v2()) layout.Set("infoHashV2", hex(info.info_hashes().v2));
  bool const singleFile =
      files.num_files() == 1 && files.file_path(lt::file_index_t(0)).find('/') == std::string::npos;
  layout.Set("name", info.name());
  layout.Set("singleFile", singleFile);
  layout.Set("pieceLengthBytes", files.piece_length());
  layout.Set("totalLengthBytes", double(files.total_size()));
  auto list = Napi::Array::New(env, std::size_t(files.num_files()));
  for (auto const index : files.file_range()) {
    list.Set(std::uint32_t(int(index)), fileToJs(env, files, index, !singleFile));
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
  return metadata;
}

std::shared_ptr<lt::torrent_info const> parseTorrent(Napi::Env env, Napi::Value value) {
  if (!value.IsTypedArray()) throw Napi::TypeError::New(env, "a torrent file is a Uint8Array");
  auto const bytes = value.As<Napi::Uint8Array>();
  lt::error_code error;
  lt::span<char const> const span(reinterpret_cast<char const*>(bytes.Data()), long(bytes.ByteLength()));
  auto info = std::make_shared<lt::torrent_info>(span, error, lt::from_span);
  if (error) throw codedError(env, "NATIVE_INVALID_TORRENT", "not a usable .torrent file: " + error.message());
  return info;
}

Napi::Value parseTorrentFile(Napi::CallbackInfo const& call) {
  Napi::Env const env = call.Env();
  auto const info = parseTorrent(env, call[0]);
  auto parsed = Napi::Object::New(env);
  parsed.Set("layout", layoutToJs(env, *info));
  parsed.Set("metadata", metadataToJs(env, *info));
  auto trackers = Napi::Array::New(env);
  for (auto const& tracker : info->trackers()) trackers.Set(trackers.Length(), tracker.url);
  parsed.Set("trackers", trackers);
  parsed.Set("isPrivate", info->priv());
  return parsed;
}

Napi::Error codedError(Napi::Env env, char const* code, std::string const& message) {
  auto error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

}  // namespace bae
