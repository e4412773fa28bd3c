#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "disk/leaf_digests.h"
#include "disk/piece_buffer.h"

using namespace bae;

namespace {

std::string madeBytes(int length) {
  std::string bytes(std::size_t(length), '\0');
  unsigned state = unsigned(length) + 1;
  for (auto& byte : bytes) byte = char((state = state * 1664525u + 1013904223u) >> 24);
  return bytes;
}

}  // namespace

TEST_CASE("leaf digests in lanes are those of one by one, whatever their number and the length of the last") {
  MESSAGE((hashesInLanes() ? "this machine has lanes" : "this machine has no lanes: both sides are the same"));
  for (int leaves : {1, 7, 8, 9, 15, 16, 17, 31, 33, 64}) {
    for (int less : {0, 1, 55, 56, 63, 64, kBlockBytes - 1}) {
      std::string const bytes = madeBytes(leaves * kBlockBytes - less);
      std::vector<lt::sha256_hash> digests(1);
      std::vector<lt::sha256_hash> right(1);
      appendLeafDigests(bytes.data(), int(bytes.size()), digests);
      appendLeafDigestsOneByOne(bytes.data(), int(bytes.size()), right);
      CAPTURE(leaves);
      CAPTURE(less);
      CHECK(digests == right);
    }
  }
}
