#pragma once
#include <libtorrent/hasher.hpp>
#include <libtorrent/span.hpp>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "leaf_digests.h"
#include "piece_buffer.h"
#include "sha1_lanes.h"

namespace bae {

// The digests of one piece. `leaves` are those of BEP 52, in order: one for each 16 KiB of a file's own bytes (no
// padding), the last one over what is left, never zero-extended.
struct PieceDigest {
  lt::sha1_hash v1;
  std::vector<lt::sha256_hash> leaves;
};

// Of ranges that begin and end with a leaf.
inline int leavesIn(std::vector<PieceRange> const& ranges) {
  return std::accumulate(ranges.begin(), ranges.end(), 0, [](int sum, PieceRange range) { return sum + blocksIn(range); });
}

// Takes the bytes of one piece in order. One thread at a time: this is the work of the hasher thread.
class PieceHasher {
 public:
  // 0, or no ranges, for the kind of digest that is not wanted.
  PieceHasher(int v1Bytes, std::vector<PieceRange> leafRanges) : m_v1Bytes(v1Bytes), m_leafRanges(std::move(leafRanges)) {
    m_leaves.reserve(std::size_t(leavesIn(m_leafRanges)));
  }

  // What follows the last: whole blocks, but at the end of the piece. Null stands for zeroes, which have no leaves. No
  // leaf begins in one call and ends in another.
  void update(char const* bytes, int length) {
    static char const zeroes[kPartBytes] = {};
    for (int done = 0; done < length; done += kPartBytes) {
      int const part = std::min(kPartBytes, length - done);
      addV1(bytes == nullptr ? zeroes : bytes + done, part);
      if (bytes != nullptr) addLeaves(bytes, done + part, length);
    }
    m_offset += length;
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
      a.addLeaves(bytesA, done + part, length);
      b.addLeaves(bytesB, done + part, length);
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

  void addV1(char const* bytes, int length) {
    int const wanted = std::min(length, m_v1Bytes - m_v1Done);
    if (wanted <= 0) return;
    m_v1.update(bytes, wanted);
    m_v1Done += wanted;
  }

  // Of the `length` bytes that follow the last the leaves that end in the first `done` of them. While more of their
  // range is to come, only as many as fill all lanes.
  void addLeaves(char const* bytes, int done, int length) {
    while (m_leafRange < m_leafRanges.size()) {
      auto const range = m_leafRanges[m_leafRange];
      int const from = std::max(range.offset, m_leavesDone);
      int const end = range.offset + range.length;
      int const there = std::min(end, m_offset + done) - from;
      int const step = done == length ? kBlockBytes : kPartBytes;
      int const wanted = from + there == end ? there : there / step * step;
      if (wanted <= 0) return;
      appendLeafDigests(bytes + (from - m_offset), wanted, m_leaves);
      m_leavesDone = from + wanted;
      if (m_leavesDone < end) return;
      ++m_leafRange;
    }
  }

  static unsigned char const* blocksAt(char const* bytes, int offset) {
    return reinterpret_cast<unsigned char const*>(bytes) + offset;
  }

  int m_v1Bytes;
  int m_v1Done = 0;
  // Of the piece: where the next update begins.
  int m_offset = 0;
  std::vector<PieceRange> m_leafRanges;
  // The first that is not done, and up to where all leaves are.
  std::size_t m_leafRange = 0;
  int m_leavesDone = 0;
  lt::hasher m_v1;
  std::optional<lt::sha1_hash> m_wholeV1;
  std::vector<lt::sha256_hash> m_leaves;
};

}  // namespace bae
