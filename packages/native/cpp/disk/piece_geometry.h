#pragma once
#include <libtorrent/torrent_info.hpp>

#include <memory>
#include <vector>

#include "lt_compat.h"
#include "piece_buffer.h"

namespace bae {

// Where the pieces of a torrent begin and end, and which of their bytes are padding (BEP 47): zeroes that nobody
// stores, reads or counts on. Any thread; never changes.
class PieceGeometry {
 public:
  explicit PieceGeometry(std::shared_ptr<lt::torrent_info const> info);

  bool hasV1() const { return m_hasV1; }
  bool hasV2() const { return m_hasV2; }
  int pieces() const { return m_info->num_pieces(); }
  int pieceBytes(int piece) const;
  // How much of a piece is ever sent, kept or given to JavaScript: whole blocks, up to the last that is not all padding.
  // Of a piece of v2, where a file always ends with one, that may be a small part. 0: it is all padding.
  int payloadBytes(int piece) const;
  // What the v2 hash is of: up to the end of the file, without padding. 0 without v2 hashes.
  int v2Bytes(int piece) const;
  // Where the leaves of BEP 52 lie: each 16 KiB of a file, counted from where it begins, and what is left at its end.
  // Those that are wholly in the piece, neighbouring ones of a file as one range, in order.
  std::vector<PieceRange> leafRanges(int piece) const;
  // Not empty, and within the piece. A peer chooses the range.
  bool contains(int piece, PieceRange range) const;

  bool isPadding(int piece, PieceRange range) const;
  bool isAllPadding(int piece) const { return payloadBytes(piece) == 0; }
  // `bytes` is where the range begins. What stands in its padding becomes zeroes, whoever wrote it.
  void zeroPadding(int piece, PieceRange range, char* bytes) const;

  // Whether the bytes that have this digest are those of the torrent. Only where there are v1 hashes.
  bool isRight(int piece, lt::sha1_hash const& digest) const {
    return digest == m_info->hash_for_piece(lt::piece_index_t(piece));
  }

 private:
  lt::file_storage const& files() const { return layoutOf(*m_info); }

  std::shared_ptr<lt::torrent_info const> m_info;
  bool m_hasV1;
  bool m_hasV2;
  bool m_hasPadding = false;
};

}  // namespace bae
