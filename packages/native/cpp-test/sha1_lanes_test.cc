#include <doctest/doctest.h>

#include <libtorrent/hasher.hpp>

#include <random>
#include <string>
#include <vector>

#include "disk/sha1_stream.h"

using namespace bae;

namespace {

std::string madeBytes(std::size_t length, unsigned seed) {
  std::minstd_rand random(seed + 1);
  std::string bytes(length, '\0');
  for (auto& byte : bytes) byte = char(random() >> 8);
  return bytes;
}

// One after the other into a stream, in parts of `partLength`.
void addAll(Sha1Stream& stream, std::vector<std::string> const& messages, std::size_t partLength,
            std::vector<lt::sha1_hash>& digests) {
  digests.resize(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    for (std::size_t at = 0; at < messages[i].size(); at += partLength) {
      stream.add(messages[i].data() + at, std::min(partLength, messages[i].size() - at));
    }
    stream.end(digests[i]);
  }
}

std::vector<lt::sha1_hash> digestsOf(std::vector<std::string> const& messages) {
  std::vector<lt::sha1_hash> digests;
  for (auto const& message : messages) digests.push_back(lt::hasher(message).final());
  return digests;
}

std::vector<std::string> const kMessages = {"", "abc", madeBytes(55, 1), madeBytes(56, 2), madeBytes(63, 3),
                                            madeBytes(64, 4), madeBytes(65, 5), madeBytes(119, 6), madeBytes(120, 7),
                                            madeBytes(128, 8), madeBytes(70'000, 9), madeBytes(16'384, 10)};

}  // namespace

TEST_CASE("SHA-1 of two streams beside each other is that of each alone, however they are cut") {
  if (!hasSha1Lanes()) {
    MESSAGE("this machine has no lanes");
    return;
  }
  std::vector<std::string> const others = {madeBytes(1'000, 11), madeBytes(64, 12), madeBytes(40'001, 13)};
  for (std::size_t partLength : {1u, 63u, 64u, 100u, 4096u, 100'000u}) {
    CAPTURE(partLength);
    Sha1Stream a;
    Sha1Stream b;
    std::vector<lt::sha1_hash> digestsA;
    std::vector<lt::sha1_hash> digestsB;
    addAll(a, kMessages, partLength, digestsA);
    addAll(b, others, 4096, digestsB);
    runSha1Streams(a, b);
    CHECK(digestsA == digestsOf(kMessages));
    CHECK(digestsB == digestsOf(others));
  }
}

TEST_CASE("SHA-1 of a message goes on in the next run, and zeroes are bytes") {
  if (!hasSha1Lanes()) return;
  std::string const first = madeBytes(1'001, 1);
  std::string const second = madeBytes(777, 2);
  Sha1Stream a;
  Sha1Stream none;
  lt::sha1_hash digest;
  a.add(first.data(), first.size());
  runSha1Streams(a, none);
  a.addZeroes(40'000);
  runSha1Streams(none, a);
  a.add(second.data(), second.size());
  a.end(digest);
  runSha1Streams(a, none);
  CHECK(digest == lt::hasher(first + std::string(40'000, '\0') + second).final());
}
