#pragma once
#include <libtorrent/torrent_info.hpp>

#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace bae::test {

enum class Kind { v1, v2, hybrid };

struct TestFile {
  std::int64_t bytes;
  bool padding = false;
};

// A torrent whose content is made by arithmetic, with right hashes for it.
struct TestTorrent {
  static constexpr std::int64_t kNoPeriod = std::numeric_limits<std::int64_t>::max();

  // The content begins anew after `periodBytes`.
  TestTorrent(Kind kind, int pieceBytes, std::vector<TestFile> const& files, std::int64_t periodBytes = kNoPeriod);
  // One file.
  TestTorrent(Kind kind, int pieceBytes, std::int64_t bytes) : TestTorrent(kind, pieceBytes, {{bytes, false}}) {}

  int pieces() const { return info->num_pieces(); }
  int pieceBytes(int piece) const { return info->orig_files().piece_size(lt::piece_index_t(piece)); }
  // Padding included, as zeroes.
  std::string piece(int piece) const;
  std::string range(int piece, int offset, int length) const;

  std::shared_ptr<lt::torrent_info> info;
  std::vector<char> torrentFile;
  // Of all pieces, one after the other.
  std::string content;
};

// Large without any bytes: nobody knows content with its hashes.
lt::torrent_info torrentOfUnknownContent(int pieces, int pieceBytes);

lt::sha1_hash sha1Of(std::string const& bytes);
lt::sha256_hash sha256Of(std::string const& bytes);

}  // namespace bae::test
