#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "disk/hasher_thread.h"

using namespace bae;

namespace {

std::string madeBytes(int length, unsigned seed) {
  std::minstd_rand random(seed + 1);
  std::string bytes(std::size_t(length), '\0');
  for (auto& byte : bytes) byte = char(random() >> 8);
  return bytes;
}

struct Piece {
  Piece(int length, bool wantsLeaves, unsigned seed)
      : bytes(madeBytes(length, seed)), leafRanges(wantsLeaves ? std::vector<PieceRange>{{0, length}} : std::vector<PieceRange>{}), hasher(length, leafRanges) {}

  int length() const { return int(bytes.size()); }

  void checkDigest() {
    PieceHasher alone(length(), leafRanges);
    alone.update(bytes.data(), length());
    auto const right = alone.finish();
    auto const made = hasher.finish();
    CHECK(made.v1 == right.v1);
    CHECK(made.leaves == right.leaves);
  }

  std::string bytes;
  std::vector<PieceRange> leafRanges;
  PieceHasher hasher;
};

std::future<void> post(HasherThread& thread, Piece& piece) {
  std::promise<void> hashed;
  auto future = hashed.get_future();
  HashTask task;
  task.hasher = &piece.hasher;
  task.bytes = piece.bytes.data();
  task.length = piece.length();
  task.done = [hashed = std::move(hashed)](std::int64_t) mutable { hashed.set_value(); };
  thread.post(std::move(task));
  return future;
}

void waitFor(std::future<void>& hashed) { REQUIRE(hashed.wait_for(std::chrono::seconds(30)) == std::future_status::ready); }

}  // namespace

TEST_CASE("two pieces beside each other have the digests that each has alone") {
  if (!hasSha1Lanes()) {
    MESSAGE("this machine has no lanes");
    return;
  }
  for (int length : {64, 16 * 1024, 16 * 1024 + 64, 1024 * 1024 + 4096}) {
    CAPTURE(length);
    Piece a(length, true, 1);
    Piece b(length, false, 2);
    REQUIRE(a.hasher.isWhole(a.bytes.data(), length));
    PieceHasher::updateBoth(a.hasher, a.bytes.data(), b.hasher, b.bytes.data(), length);
    a.checkDigest();
    b.checkDigest();
  }
}

TEST_CASE("what is no whole piece of whole blocks is not hashed beside another") {
  PieceHasher hasher(128, {});
  std::string const bytes(128, 'a');
  CHECK_FALSE(hasher.isWhole(bytes.data(), 64));
  CHECK_FALSE(hasher.isWhole(nullptr, 128));
  CHECK_FALSE(PieceHasher(127, {}).isWhole(bytes.data(), 127));
  CHECK_FALSE(PieceHasher(0, {{0, 128}}).isWhole(bytes.data(), 128));
  hasher.update(bytes.data(), 64);
  CHECK_FALSE(hasher.isWhole(bytes.data() + 64, 64));
}

TEST_CASE("the hashing thread makes the digests of all that waits, and of one that waits for a second in vain") {
  std::vector<std::unique_ptr<Piece>> pieces;
  for (int length : {262'144, 262'144, 16'384, 262'144, 262'144, 262'144, 1'000, 65'536}) {
    pieces.push_back(std::make_unique<Piece>(length, pieces.size() % 2 == 0, unsigned(pieces.size())));
  }
  Piece first(64, false, 99);
  Piece last(262'144, true, 100);
  {
    HasherThread thread;
    std::promise<void> goOn;
    HashTask task;
    task.hasher = &first.hasher;
    task.bytes = first.bytes.data();
    task.length = first.length();
    task.done = [wait = goOn.get_future()](std::int64_t) { wait.wait(); };
    thread.post(std::move(task));
    std::vector<std::future<void>> hashed;
    for (auto& piece : pieces) hashed.push_back(post(thread, *piece));
    goOn.set_value();
    for (auto& each : hashed) waitFor(each);
    auto lone = post(thread, last);
    waitFor(lone);
  }
  for (auto& piece : pieces) piece->checkDigest();
  last.checkDigest();
}
