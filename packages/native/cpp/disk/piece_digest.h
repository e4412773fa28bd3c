#pragma once
#include <libtorrent/hasher.hpp>
#include <libtorrent/span.hpp>

#include <algorithm>
#include <vector>

#include "piece_buffer.h"

namespace bae {

// The digests of one piece. `leaves` are those of BEP 52: one for each 16 KiB of the file's own bytes (no
// padding), the last one over what is left, never zero-extended; or, where JavaScript asked for them, the same
// of all bytes of the piece.
struct PieceDigest {
  lt::sha1_hash v1;
  std::vector<lt::sha256_hash> leaves;
};

// Any thread: this is the work of the hasher thread. `v2Bytes` is 0 for a torrent without v2 hashes.
inline PieceDigest digestPiece(char const* bytes, int v1Bytes, int v2Bytes) {
  PieceDigest digest;
  lt::hasher v1;
  // Block by block, so that the second digest finds the bytes in the cache.
  for (int offset = 0; offset < std::max(v1Bytes, v2Bytes); offset += kBlockBytes) {
    if (offset < v1Bytes) v1.update(bytes + offset, std::min(kBlockBytes, v1Bytes - offset));
    if (offset >= v2Bytes) continue;
    digest.leaves.push_back(lt::hasher256(bytes + offset, std::min(kBlockBytes, v2Bytes - offset)).final());
  }
  if (v1Bytes > 0) digest.v1 = v1.final();
  return digest;
}

}  // namespace bae
