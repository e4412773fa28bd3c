#include "harness/test_torrent.h"

#include <libtorrent/bencode.hpp>
#include <libtorrent/create_torrent.hpp>
#include <libtorrent/hasher.hpp>

#include <algorithm>
#include <iterator>

namespace bae::test {
namespace {

constexpr int kBlockBytes = 16 * 1024;

// Different in every block, and in every place of it.
char byteAt(std::int64_t position) {
  std::uint64_t x = std::uint64_t(position) + 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  return char(x >> 56);
}

std::string contentOf(lt::file_storage const& files, std::int64_t periodBytes) {
  std::string content(std::size_t(files.total_size()), '\0');
  for (auto const file : files.file_range()) {
    if (files.pad_file_at(file)) continue;
    auto const start = files.file_offset(file);
    for (std::int64_t at = start; at < start + files.file_size(file); ++at) content[std::size_t(at)] = byteAt(at % periodBytes);
  }
  return content;
}

// BEP 52: the root over `width` leaves, those beyond the end all zero.
lt::sha256_hash merkleRoot(std::vector<lt::sha256_hash> leaves, std::size_t width) {
  leaves.resize(width);
  while (leaves.size() > 1) {
    std::vector<lt::sha256_hash> above;
    for (std::size_t i = 0; i < leaves.size(); i += 2) {
      lt::hasher256 node;
      node.update(leaves[i]);
      node.update(leaves[i + 1]);
      above.push_back(node.final());
    }
    leaves = std::move(above);
  }
  return leaves[0];
}

std::size_t powerOfTwoAtLeast(std::size_t count) {
  std::size_t width = 1;
  while (width < count) width *= 2;
  return width;
}

void setV2Hashes(lt::create_torrent& torrent, std::string const& content, int pieceBytes) {
  auto const& files = torrent.files();
  for (auto const file : files.file_range()) {
    if (files.pad_file_at(file) || files.file_size(file) == 0) continue;
    auto const start = files.file_offset(file);
    auto const size = files.file_size(file);
    int piece = 0;
    for (std::int64_t offset = 0; offset < size; offset += pieceBytes, ++piece) {
      std::vector<lt::sha256_hash> leaves;
      auto const end = std::min(offset + pieceBytes, size);
      for (auto at = offset; at < end; at += kBlockBytes) {
        leaves.push_back(sha256Of(content.substr(std::size_t(start + at), std::size_t(std::min<std::int64_t>(kBlockBytes, end - at)))));
      }
      auto const full = std::size_t(pieceBytes / kBlockBytes);
      auto const width = size > pieceBytes ? full : powerOfTwoAtLeast(leaves.size());
      torrent.set_hash2(file, lt::piece_index_t::diff_type(piece), merkleRoot(std::move(leaves), width));
    }
  }
}

lt::create_flags_t flagsOf(Kind kind) {
  if (kind == Kind::v1) return lt::create_torrent::v1_only;
  if (kind == Kind::v2) return lt::create_torrent::v2_only;
  return {};
}

}  // namespace

TestTorrent::TestTorrent(Kind kind, int pieceBytes, std::vector<TestFile> const& files, std::int64_t periodBytes) {
  lt::file_storage storage;
  int number = 0;
  for (auto const& file : files) {
    auto const name = files.size() == 1 ? "file" : "folder/file-" + std::to_string(number++);
    storage.add_file(name, file.bytes, file.padding ? lt::file_storage::flag_pad_file : lt::file_flags_t{});
  }
  lt::create_torrent torrent(storage, pieceBytes, flagsOf(kind));
  content = contentOf(torrent.files(), periodBytes);
  if (kind != Kind::v2) {
    for (auto const piece : torrent.files().piece_range()) {
      auto const start = std::size_t(int(piece)) * std::size_t(pieceBytes);
      torrent.set_hash(piece, sha1Of(content.substr(start, std::size_t(torrent.files().piece_size(piece)))));
    }
  }
  if (kind != Kind::v1) setV2Hashes(torrent, content, pieceBytes);
  lt::bencode(std::back_inserter(torrentFile), torrent.generate());
  info = std::make_shared<lt::torrent_info>(lt::span<char const>(torrentFile), lt::from_span);
  // A v2 torrent is parsed with padding at its end, which nobody sends.
  content = contentOf(info->orig_files(), periodBytes);
}

std::string TestTorrent::piece(int piece) const { return range(piece, 0, pieceBytes(piece)); }

std::string TestTorrent::range(int piece, int offset, int length) const {
  return content.substr(std::size_t(piece) * std::size_t(info->piece_length()) + std::size_t(offset), std::size_t(length));
}

lt::torrent_info torrentOfUnknownContent(int pieces, int pieceBytes) {
  lt::file_storage storage;
  storage.add_file("file", std::int64_t(pieces) * pieceBytes);
  lt::create_torrent torrent(storage, pieceBytes, lt::create_torrent::v1_only);
  auto const hash = sha1Of("unknown");
  for (auto const piece : torrent.files().piece_range()) torrent.set_hash(piece, hash);
  std::vector<char> file;
  lt::bencode(std::back_inserter(file), torrent.generate());
  return lt::torrent_info(lt::span<char const>(file), lt::from_span);
}

lt::sha1_hash sha1Of(std::string const& bytes) { return lt::hasher(bytes).final(); }
lt::sha256_hash sha256Of(std::string const& bytes) { return lt::hasher256(bytes).final(); }

}  // namespace bae::test
