#pragma once
#include <libtorrent/hasher.hpp>
#include <libtorrent/sha1_hash.hpp>

#include <vector>

namespace bae {

// The root of the tree over `leaves` (BEP 52), `width` of them wide, a power of two: those that are missing are zeroes.
inline lt::sha256_hash merkleRoot(std::vector<lt::sha256_hash> const& leaves, int width) {
  auto level = leaves;
  lt::sha256_hash missing;
  for (; width > 1; width /= 2) {
    if (level.size() % 2 != 0) level.push_back(missing);
    for (std::size_t i = 0; i < level.size() / 2; ++i) {
      level[i] = lt::hasher256(level[2 * i]).update(level[2 * i + 1]).final();
    }
    level.resize(level.size() / 2);
    missing = lt::hasher256(missing).update(missing).final();
  }
  return level.empty() ? missing : level[0];
}

}  // namespace bae
