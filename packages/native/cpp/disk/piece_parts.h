#pragma once
#include <cstddef>
#include <vector>

#include "buffer_pool.h"

namespace bae {

// Memory of one piece, in one range of addresses, that takes pages of the system only where blocks have come. Pages
// that other pieces gave back are moved into it part by part: whole pieces used again would take all of theirs with the
// first block, and eight half pieces of 16 MiB would be 128 MiB. One thread at a time, any in the end.
class PieceParts {
 public:
  static constexpr std::size_t kPartBytes = std::size_t(1) << 20;

  // Throws bad_alloc.
  explicit PieceParts(std::size_t bytes);
  PieceParts(PieceParts const&) = delete;
  PieceParts& operator=(PieceParts const&) = delete;
  ~PieceParts();

  char* begin() const { return m_begin; }
  // Has to come before any of these bytes are written for the first time: old bytes are there then.
  void bringIn(std::size_t offset, std::size_t bytes);

 private:
  char* partAt(std::size_t part) const { return m_begin + part * kPartBytes; }

  std::vector<bool> m_here;
  char* const m_begin;
};

}  // namespace bae
