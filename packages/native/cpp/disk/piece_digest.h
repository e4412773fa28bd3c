#pragma once
#include <libtorrent/hasher.hpp>
#include <libtorrent/span.hpp>

#include <algorithm>
#include <optional>
#include <vector>

#include "leaf_digests.h"
#include "piece_buffer.h"
#include "sha1_lanes.h"

namespace bae {

// The digests of one piece. `leaves` are those of BEP 52: one for each 16 KiB of the file's own bytes (no
// padding), the last one over what is left, never zero-extended; or, where JavaScript asked for them, the same
// of all bytes of the piece.
struct PieceDigest {
  lt::sha1_hash v1;
  std::vector<lt::sha256_hash> leaves;
};

// Takes the bytes of one piece in order. One thread at a time: this is the work of the hasher thread.
class PieceHasher {
 public:
  // 0 for the kind of digest that is not wanted.
  PieceHasher(int v1Bytes, int leafBytes) : m_v1Bytes(v1Bytes), m_leafBytes(leafBytes) {
    m_leaves.reserve(std::size_t((leafBytes + kBlockBytes - 1) / kBlockBytes));
  }

  // What follows the last: whole blocks, but at the end of the piece. Null stands for zeroes.
  void update(char const* bytes, int length) {
    static char const zeroes[kBlockBytes] = {};
    int const partBytes = bytes == nullptr ? kBlockBytes : kPartBytes;
    for (int done = 0; done < length; done += partBytes) {
      updatePart(bytes == nullptr ? zeroes : bytes + done, std::min(partBytes, length - done));
    }
  }

  // Whether these bytes are all that there is to hash, and the next two such pieces may be hashed beside each other.
  bool isWhole(char const* bytes, int length) const {
    return bytes != nullptr && m_offset == 0 && length == m_v1Bytes && length % int(kSha1BlockBytes) == 0 && hasSha1Lanes();
  }

  // The same as an update of both, where both are whole and of this length.
  static void updateBoth(PieceHasher& a, char const* bytesA, PieceHasher& b, char const* bytesB, int length) {
    auto stateA = kSha1Begin;
    auto stateB = kSha1Begin;
    for (int done = 0; done < length; done += kPartBytes) {
      int const part = std::min(kPartBytes, length - done);
      addSha1Blocks(stateA, blocksAt(bytesA, done), stateB, blocksAt(bytesB, done), std::size_t(part) / kSha1BlockBytes);
      a.addLeaves(bytesA + done, part);
      b.addLeaves(bytesB + done, part);
    }
    a.m_wholeV1 = endSha1(stateA, std::uint64_t(length));
    b.m_wholeV1 = endSha1(stateB, std::uint64_t(length));
  }

  PieceDigest finish() {
    if (m_wholeV1) return {*m_wholeV1, std::move(m_leaves)};
    return {m_v1Bytes > 0 ? m_v1.final() : lt::sha1_hash(), std::move(m_leaves)};
  }

 private:
  // Enough leaves for all lanes, and little enough that the second digest finds the bytes in the cache.
  static constexpr int kPartBytes = 16 * kBlockBytes;

  void updatePart(char const* bytes, int length) {
    if (m_offset < m_v1Bytes) m_v1.update(bytes, std::min(length, m_v1Bytes - m_offset));
    addLeaves(bytes, length);
  }

  void addLeaves(char const* bytes, int length) {
    if (m_offset < m_leafBytes) appendLeafDigests(bytes, std::min(length, m_leafBytes - m_offset), m_leaves);
    m_offset += length;
  }

  static unsigned char const* blocksAt(char const* bytes, int offset) {
    return reinterpret_cast<unsigned char const*>(bytes) + offset;
  }

  int m_v1Bytes;
  int m_leafBytes;
  int m_offset = 0;
  lt::hasher m_v1;
  std::optional<lt::sha1_hash> m_wholeV1;
  std::vector<lt::sha256_hash> m_leaves;
};

}  // namespace bae
