#include <doctest/doctest.h>

#include <vector>

#include "disk/lent_blocks.h"
#include "harness/disk_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kMebibyte = 1 << 20;

// Has all pieces of a torrent of so many pieces of a MiB.
struct Seed {
  explicit Seed(int pieces) : torrent(Kind::v1, kMebibyte, std::int64_t(pieces) * kMebibyte) {
    harness.storage().havePieces = std::string(std::size_t(pieces + 7) / 8, '\xff');
    harness.storage().content = [this](int piece, int offset, int length) { return torrent.range(piece, offset, length); };
    index = harness.add(torrent);
    harness.check(index, nullptr).wait();
  }
  lt::disk_buffer_holder block(int piece, int offset) {
    auto const read = harness.read(index, piece, offset, kBlockBytes);
    return std::move(read.wait().block);
  }
  bool isRight(lt::disk_buffer_holder const& block, int piece, int offset) const {
    return std::string(block.data(), kBlockBytes) == torrent.range(piece, offset, kBlockBytes);
  }
  TestTorrent torrent;
  DiskHarness harness;
  lt::storage_index_t index{0};
};

}  // namespace

TEST_CASE("lent_blocks: blocks of a window are parts of it, and stay right when it is forgotten") {
  Seed seed(40);
  auto const first = seed.block(0, 0);
  auto const third = seed.block(0, 2 * kBlockBytes);
  CHECK(third.data() == first.data() + 2 * kBlockBytes);
  // More than the cache holds.
  for (int piece = 1; piece < 40; ++piece) CHECK(seed.isRight(seed.block(piece, 0), piece, 0));
  auto const again = seed.block(0, 0);
  CHECK(again.data() != first.data());
  CHECK(seed.isRight(first, 0, 0));
  CHECK(seed.isRight(third, 0, 2 * kBlockBytes));
}

TEST_CASE("lent_blocks_limit: who keeps a block of each of many windows gets copies, and so keeps no more of them") {
  int const most = int(LentBlocks::kMostBytes / kMebibyte);
  Seed seed(most + 20);
  std::vector<lt::disk_buffer_holder> kept;
  // What is lent twice is the same; copies may lie side by side as parts of a window do.
  auto const isCopy = [&](int piece) {
    kept.push_back(seed.block(piece, kBlockBytes));
    kept.push_back(seed.block(piece, kBlockBytes));
    CHECK(seed.isRight(kept.back(), piece, kBlockBytes));
    return kept[kept.size() - 1].data() != kept[kept.size() - 2].data();
  };
  int copied = 0;
  for (int piece = 0; piece < most + 20; ++piece) copied += isCopy(piece) ? 1 : 0;
  CHECK(copied == 20);
  // Once they are sent others are lent again.
  kept.clear();
  CHECK(!isCopy(0));
}
