#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "disk/buffer_pool.h"
#include "harness/failing_memory.h"

using namespace bae;

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
