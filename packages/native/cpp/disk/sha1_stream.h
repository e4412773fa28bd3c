#pragma once
#include <libtorrent/sha1_hash.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "sha1_lanes.h"

namespace bae {

// Messages that follow each other, and come in parts. Nothing is hashed before runSha1Streams: until then what was
// added must stay where it is. One thread at a time; only where hasSha1Lanes().
class Sha1Stream {
 public:
  void add(char const* bytes, std::size_t length);
  void addZeroes(std::size_t length);
  // The message ends: `digest` is set by runSha1Streams, and what is added next begins another one.
  void end(lt::sha1_hash& digest);

 private:
  friend void runSha1Streams(Sha1Stream& a, Sha1Stream& b);

  struct Run {
    unsigned char const* bytes;
    std::size_t blocks;
    // Set for the last one of a message.
    lt::sha1_hash* digest;
  };

  void addCopy(lt::sha1_hash* digest);

  Sha1State m_state = kSha1Begin;
  std::uint64_t m_length = 0;
  // What was added and is no whole block yet.
  std::array<unsigned char, kSha1BlockBytes> m_rest;
  std::size_t m_restLength = 0;
  std::vector<Run> m_runs;
  // Where runs of blocks lie that were put together here.
  std::deque<std::array<unsigned char, kSha1BlockBytes>> m_copies;
};

// Hashes all that was added to both, beside each other as long as both have something.
void runSha1Streams(Sha1Stream& a, Sha1Stream& b);

}  // namespace bae
