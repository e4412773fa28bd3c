#include <doctest/doctest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "disk/buffer_pool.h"
#include "disk/piece_parts.h"
#include "harness/failing_memory.h"

using namespace bae;

namespace {

std::size_t residentBytes(char* memory, std::size_t bytes) {
  std::vector<unsigned char> pages(bytes / 4096);
  REQUIRE(mincore(memory, bytes, pages.data()) == 0);
  return 4096 * std::size_t(std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return (page & 1) != 0; }));
}

}  // namespace

TEST_CASE("6 half_of_large_piece: takes the pages of parts that have blocks, which others gave back") {
  constexpr std::size_t part = PieceParts::kPartBytes;
  constexpr std::size_t bytes = 4 * part;
  {
    PieceParts whole(bytes);
    whole.bringIn(0, bytes);
    std::memset(whole.begin(), 7, bytes);
  }
  PieceParts half(bytes);
  CHECK(residentBytes(half.begin(), bytes) == 0);
  half.bringIn(part + 100, 10);
  half.bringIn(3 * part - 1, 2);
  CHECK(residentBytes(half.begin(), part) == 0);
  CHECK(residentBytes(half.begin() + part, 3 * part) == 3 * part);
  for (std::size_t const at : {part, 4 * part - 1}) CHECK(half.begin()[at] == 7);
  // What is there stays as it is.
  half.begin()[2 * part] = 8;
  half.bringIn(2 * part, part);
  CHECK(half.begin()[2 * part] == 8);
}

TEST_CASE("6 idle_memory: sizes that are wanted no longer make room for those that are") {
  auto& pool = BufferPool::instance();
  auto const take = [&](std::size_t bytes, int count) {
    std::vector<PieceMemory> pieces;
    for (int number = 0; number < count; ++number) pieces.push_back(pool.piece(bytes));
    return pieces;
  };
  // As much as is kept, and then as much of another size.
  take(std::size_t(3) << 20, 11);
  auto const wanted = std::size_t(5) << 20;
  auto first = take(wanted, 4);
  std::vector<char*> addresses;
  for (auto const& each : first) {
    addresses.push_back(each.get());
    each.get()[0] = 1;
  }
  first.clear();
  for (auto const& each : take(wanted, 4)) {
    CHECK(std::find(addresses.begin(), addresses.end(), each.get()) != addresses.end());
    // Not given back to the system meanwhile.
    CHECK(each.get()[0] == 1);
  }
}

TEST_CASE("40 no_memory: a piece comes back also where there is no memory to note that it is idle") {
  // A size of its own, for which nothing is noted yet.
  auto piece = BufferPool::instance().piece(std::size_t(7) << 12);
  bae::test::FailingMemory const memory(0);
  // What throws while memory is given back ends the process.
  piece.reset();
  CHECK(memory.failed());
}
