#include <doctest/doctest.h>

#include "harness/disk_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * kBlockBytes;

Plan holdWrites(Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; }

}  // namespace

TEST_CASE("31 fence_progress: a stop hands half pieces to JavaScript and waits for all that came before it") {
  TestTorrent const torrent(Kind::v1, kPiece, 2 * kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  harness.storage().plan(holdWrites);
  auto const whole = harness.download(index, torrent, 0);
  auto const half = harness.write(index, 1, kBlockBytes, torrent.range(1, kBlockBytes, kBlockBytes));
  auto const stop = harness.stop(index);
  auto const again = harness.stop(index);
  harness.storage().waitForHeld(2);
  harness.drainNetwork();
  CHECK(!stop.arrived());
  // Comes after both fences, and must not be seen before them.
  auto const later = harness.write(index, 1, 0, torrent.range(1, 0, kBlockBytes));
  auto const read = harness.read(index, 1, 0, kBlockBytes);
  harness.drainNetwork();
  CHECK(!read.arrived());
  harness.storage().plan({});
  harness.storage().release();
  CHECK(stop.wait());
  CHECK(again.wait());
  CHECK(whole.stored());
  CHECK(!half.answer.wait());
  CHECK((read.wait().bytes(kBlockBytes) == torrent.range(1, 0, kBlockBytes)));
  CHECK(half.answer.turn() < stop.turn());
  CHECK(whole.hash.turn() < stop.turn());
  CHECK(stop.turn() < again.turn());
  CHECK(again.turn() < read.turn());
  auto const rest = harness.releaseFiles(index);
  CHECK(rest.wait());
  CHECK(!later.answer.wait());
}

TEST_CASE("31 fence_other: a fence of one torrent holds up no other") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  TestTorrent const other(Kind::v1, kPiece, 2 * kPiece);
  DiskHarness harness;
  auto const held = harness.add(torrent);
  auto const free = harness.add(other);
  harness.storage().plan([](Call const& call) {
    return call.is(RequestKind::writePiece) && call.storageIndex == 0 ? Plan::hold : Plan::serve;
  });
  auto const download = harness.download(held, torrent, 0);
  auto const stop = harness.stop(held);
  CHECK(harness.download(free, other, 0).stored());
  CHECK(harness.stop(free).wait());
  CHECK(!stop.arrived());
  harness.storage().release();
  CHECK(stop.wait());
  CHECK(download.stored());
}

TEST_CASE("32 empty_handlers: releasing files without a handler is fine") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  auto const half = harness.write(index, 0, 0, torrent.range(0, 0, kBlockBytes));
  harness.onNetwork([&] { harness.disk().async_release_files(index, {}); });
  CHECK(!half.answer.wait());
  CHECK(harness.stop(index).wait());
}

TEST_CASE("22 remove_while_writing: deleting drops half pieces, waits for what is under way and closes once") {
  TestTorrent const torrent(Kind::v1, kPiece, 2 * kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  harness.storage().plan(holdWrites);
  auto const whole = harness.download(index, torrent, 0);
  auto const half = harness.write(index, 1, 0, torrent.range(1, 0, kBlockBytes));
  harness.storage().waitForHeld(1);
  auto const deleted = harness.deleteFiles(index);
  auto const stopped = harness.stop(index);
  CHECK(half.answer.wait().ec == boost::asio::error::operation_aborted);
  harness.drainNetwork();
  CHECK(!deleted.arrived());
  harness.storage().plan({});
  harness.storage().release();
  CHECK(!deleted.wait());
  CHECK(stopped.wait());
  CHECK(whole.stored());
  harness.remove(index);
  harness.drainNetwork();
  auto const closes = harness.storage().calls(RequestKind::closeStorage);
  REQUIRE(closes.size() == 1);
  CHECK(closes[0].deleteData);
  CHECK(harness.storage().calls().back().is(RequestKind::closeStorage));
}

TEST_CASE("23 storage_index_reuse_stress: 200 torrents come and go while JavaScript is slow, and never meet") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  DiskHarness harness;
  harness.storage().plan(holdWrites);
  std::vector<Download> downloads;
  for (int round = 0; round < 200; ++round) {
    auto const index = harness.add(torrent);
    CHECK(int(std::uint32_t(index)) == round);
    downloads.push_back(harness.download(index, torrent, 0));
    harness.remove(index);
    if (round % 7 == 0) harness.storage().release();
  }
  harness.storage().waitForCalls(RequestKind::writePiece, 200);
  harness.storage().plan({});
  harness.storage().release();
  for (auto const& download : downloads) CHECK(download.stored());
  harness.storage().waitForCalls(RequestKind::closeStorage, 200);
  for (int round = 0; round < 200; ++round) CHECK((harness.storage().piece(round, 0) == torrent.piece(0)));
}

TEST_CASE("37 abort_twice_other_thread: what is asked after the abort is aborted, once and posted") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  harness.onNetwork([&] { harness.disk().abort(false); });
  CHECK(harness.write(index, 0, 0, torrent.range(0, 0, kBlockBytes)).answer.wait().ec == boost::asio::error::operation_aborted);
  auto const read = harness.read(index, 0, 0, kBlockBytes);
  CHECK(read.wait().error.ec == boost::asio::error::operation_aborted);
  CHECK(harness.hash(index, torrent, 0).wait().error.ec == boost::asio::error::operation_aborted);
  CHECK(harness.stop(index).wait());
  CHECK(harness.clear(index, 0).wait() == 0);
  CHECK(!harness.deleteFiles(index).wait());
}

TEST_CASE("22 remove_while_opening: a storage is not asked to close, or to delete, before it has opened") {
  for (bool const deletes : {false, true}) {
    TestTorrent const torrent(Kind::v1, kPiece, kPiece);
    DiskHarness harness;
    harness.storage().plan([](Call const& call) { return call.is(RequestKind::openStorage) ? Plan::hold : Plan::serve; });
    auto const index = harness.add(torrent);
    harness.storage().waitForHeld(1);
    if (deletes) harness.deleteFiles(index);
    harness.remove(index);
    harness.drainNetwork();
    CHECK(harness.storage().calls().size() == 1);
    harness.storage().release();
    harness.storage().waitForCalls(RequestKind::closeStorage, 1);
    CHECK(harness.storage().calls().back().deleteData == deletes);
  }
}
