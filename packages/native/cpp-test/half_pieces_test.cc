#include <doctest/doctest.h>

#include "harness/disk_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * kBlockBytes;
// Every half piece goes to JavaScript as soon as a block of it comes.
constexpr DiskServices::Limits kNoHalfPieces{std::int64_t(16) << 20, 0};

Plan holdWrites(Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; }

std::string block(TestTorrent const& torrent, int number) {
  return torrent.range(0, number * kBlockBytes, kBlockBytes);
}

// One of its blocks is with JavaScript.
struct HandedOver {
  explicit HandedOver(Kind kind) : torrent(kind, kPiece, kPiece), harness(kNoHalfPieces), index(harness.add(torrent)) {
    CHECK(!write(0).answer.wait());
  }
  WriteCall write(int number) { return harness.write(index, 0, number * kBlockBytes, block(torrent, number)); }
  bool readsRight(int number) {
    return harness.read(index, 0, number * kBlockBytes, kBlockBytes).wait().bytes(kBlockBytes) == block(torrent, number);
  }
  bool isStored() { return harness.storage().piece(0, 0) == torrent.piece(0); }

  TestTorrent torrent;
  DiskHarness harness;
  lt::storage_index_t index;
};

}  // namespace

TEST_CASE("13 clear_half_piece: a clear waits for the part that is on its way, and JavaScript hears of it after that") {
  for (auto const kind : {Kind::v1, Kind::hybrid, Kind::v2}) {
    HandedOver half(kind);
    half.harness.storage().plan(holdWrites);
    auto const second = half.write(1);
    half.harness.storage().waitForHeld(1);
    // Comes while the part before it is lent, and is not lent with it.
    auto const third = half.write(2);
    auto const clear = half.harness.clear(half.index, 0);
    half.harness.drainNetwork();
    CHECK(!clear.arrived());
    half.harness.storage().plan({});
    half.harness.storage().release();
    CHECK(clear.wait() == 0);
    CHECK(!second.answer.wait());
    CHECK(!third.answer.wait());
    CHECK(third.answer.turn() < clear.turn());
    CHECK(half.harness.storage().calls(RequestKind::clearPiece).size() == 1);
    CHECK(half.harness.storage().calls().back().is(RequestKind::clearPiece));
    // Single blocks count there, and the others must still be readable.
    if (kind != Kind::v1) {
      for (int const number : {0, 1, 2}) CHECK(half.readsRight(number));
    }
    CHECK(half.harness.download(half.index, half.torrent, 0).stored());
    CHECK(half.isStored());
  }
}

TEST_CASE("35 half_write_fails: where one part of a half piece fails, the other is answered as stored, and it comes again") {
  for (auto const kind : {Kind::v1, Kind::hybrid, Kind::v2}) {
    HandedOver half(kind);
    half.harness.storage().plan(holdWrites);
    auto const held = half.write(1);
    half.harness.storage().waitForHeld(1);
    // Go as two parts when the first has settled.
    auto const third = half.write(3);
    half.harness.storage().failure = StorageOutcome::noSpace;
    half.harness.storage().plan([](Call const& call) {
      return call.is(RequestKind::writePiece) && call.offset == 3 * kBlockBytes ? Plan::fail : Plan::serve;
    });
    half.harness.storage().release();
    CHECK(!held.answer.wait());
    CHECK(third.answer.wait().ec == boost::system::errc::no_space_on_device);
    half.harness.storage().plan({});
    CHECK(half.harness.clear(half.index, 0).wait() == 0);
    CHECK(half.harness.download(half.index, half.torrent, 0).stored());
    CHECK(half.isStored());
  }
}

TEST_CASE("24 half_write_aborted: a part that a recheck gave up takes nothing from the parts before it") {
  for (auto const kind : {Kind::v1, Kind::hybrid, Kind::v2}) {
    HandedOver half(kind);
    half.harness.storage().plan(holdWrites);
    auto const second = half.write(1);
    half.harness.storage().waitForHeld(1);
    auto const check = half.harness.check(half.index, nullptr);
    half.harness.storage().plan({});
    half.harness.storage().release();
    CHECK(second.answer.wait().ec == boost::asio::error::operation_aborted);
    CHECK(check.wait().status == kNeedFullCheck);
    CHECK(half.readsRight(0));
    CHECK(half.readsRight(1));
    CHECK(half.harness.download(half.index, half.torrent, 0).stored());
    CHECK(half.isStored());
  }
}

TEST_CASE("29 half_write_given_up: of a piece with a part that was given up the others are read back for its hash") {
  for (auto const kind : {Kind::v1, Kind::hybrid, Kind::v2}) {
    HandedOver half(kind);
    half.harness.storage().failure = StorageOutcome::aborted;
    half.harness.storage().plan([](Call const& call) { return call.is(RequestKind::writePiece) ? Plan::fail : Plan::serve; });
    // Silent for libtorrent, which asks for this block again and for no other.
    CHECK(half.write(1).answer.wait().ec == boost::asio::error::operation_aborted);
    half.harness.storage().plan({});
    std::vector<WriteCall> writes;
    for (int const number : {1, 2, 3}) writes.push_back(half.write(number));
    auto const hash = half.harness.hash(half.index, half.torrent, 0);
    CHECK(!hash.wait().error);
    if (kind != Kind::v2) CHECK(hash.wait().v1 == half.torrent.info->hash_for_piece(lt::piece_index_t(0)));
    for (auto const& write : writes) CHECK(!write.answer.wait());
    CHECK(half.isStored());
  }
}

TEST_CASE("33 spill_again_counts: blocks that wait for a part of their piece hold peers back, too") {
  TestTorrent const torrent(Kind::v1, 64 * kBlockBytes, 64 * kBlockBytes);
  DiskHarness harness({8 * kBlockBytes, 0});
  auto const index = harness.add(torrent);
  harness.storage().plan(holdWrites);
  std::vector<WriteCall> writes;
  writes.push_back(harness.write(index, 0, 0, block(torrent, 0)));
  // Until it is lent a part is not counted.
  harness.storage().waitForHeld(1);
  for (int number = 1; number < 8; ++number) writes.push_back(harness.write(index, 0, number * kBlockBytes, block(torrent, number)));
  CHECK(!writes[6].exceeded);
  CHECK(writes[7].exceeded);
  harness.onNetwork([&] { harness.disk().update_stats_counters(harness.counters()); });
  CHECK(harness.counters()[lt::counters::disk_blocks_in_use] == 8);
  harness.storage().plan({});
  harness.storage().release();
  for (auto const& write : writes) CHECK(!write.answer.wait());
  // The storage answers before it lets go of what it was lent, and is done with both when it can be asked something.
  harness.storage().waitForHeld(0);
  harness.drainNetwork();
  harness.onNetwork([&] { harness.disk().update_stats_counters(harness.counters()); });
  CHECK(harness.counters()[lt::counters::disk_blocks_in_use] == 0);
}

TEST_CASE("6 stored_parts_take_no_memory: what a half piece has handed over goes back, whatever came meanwhile") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  PieceBuffer buffer(kPiece, false);
  buffer.put(0, block(torrent, 0).data(), kBlockBytes);
  auto lent = buffer.memoryAt(0);
  std::weak_ptr<char> const given = lent;
  buffer.put(2 * kBlockBytes, block(torrent, 2).data(), kBlockBytes);
  buffer.markStored({0, kBlockBytes});
  buffer.leaveStored();
  lent.reset();
  CHECK(given.expired());
  std::string kept(std::size_t(kBlockBytes), '\0');
  CHECK(buffer.copy({2 * kBlockBytes, kBlockBytes}, kept.data()));
  CHECK((kept == block(torrent, 2)));
}
