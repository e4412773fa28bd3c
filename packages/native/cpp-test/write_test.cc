#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "harness/disk_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * kBlockBytes;

Plan holdWrites(Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; }

Plan failWrites(Call const& call) { return call.is(RequestKind::writePiece) ? Plan::fail : Plan::serve; }

lt::sha1_hash v1Of(TestTorrent const& torrent, int piece) {
  return torrent.info->hash_for_piece(lt::piece_index_t(piece));
}

// Not by CHECK(a == b), which would print both.
bool stores(DiskHarness& harness, TestTorrent const& torrent, int piece) {
  return harness.storage().piece(0, piece) == torrent.piece(piece);
}

}  // namespace

TEST_CASE("1 write_read_unflushed: a block that was written is read from memory, JavaScript is not asked") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece * 2);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  auto const write = harness.write(index, 0, kBlockBytes, torrent.range(0, kBlockBytes, kBlockBytes));
  auto const read = harness.read(index, 0, kBlockBytes, kBlockBytes);
  CHECK(!read.wait().error);
  CHECK((read.wait().bytes(kBlockBytes) == torrent.range(0, kBlockBytes, kBlockBytes)));
  CHECK(!write.answer.arrived());
  CHECK(harness.storage().calls(RequestKind::readPiece).empty());
}

TEST_CASE("3 hash_held: the hash is answered after the writes, and both only when the piece is stored") {
  for (auto const kind : {Kind::v1, Kind::v2, Kind::hybrid}) {
    TestTorrent const torrent(kind, kPiece, kPiece * 2);
    DiskHarness harness;
    auto const index = harness.add(torrent);
    harness.storage().plan(holdWrites);
    auto const download = harness.download(index, torrent, 0);
    harness.storage().waitForHeld(1);
    harness.drainNetwork();
    CHECK(!download.anyWriteArrived());
    CHECK(!download.hash.arrived());
    harness.storage().release();
    CHECK(download.stored());
    auto const& answer = download.hash.wait();
    if (kind != Kind::v2) CHECK(answer.v1 == v1Of(torrent, 0));
    if (kind != Kind::v1) CHECK(answer.v2.size() == 4);
    for (std::size_t block = 0; block < answer.v2.size(); ++block) {
      CHECK(answer.v2[block] == sha256Of(torrent.range(0, int(block) * kBlockBytes, kBlockBytes)));
    }
    for (auto const& write : download.writes) CHECK(write.answer.turn() < download.hash.turn());
  }
}

TEST_CASE("4 coalesce: 64 shuffled blocks of 1 MiB are one write, and are answered when it settles") {
  int const pieceBytes = 64 * kBlockBytes;
  TestTorrent const torrent(Kind::v1, pieceBytes, pieceBytes);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  harness.storage().plan(holdWrites);
  std::vector<int> blocks(64);
  for (int block = 0; block < 64; ++block) blocks[std::size_t(block)] = block;
  std::shuffle(blocks.begin(), blocks.end(), std::mt19937(4));
  std::vector<WriteCall> writes;
  for (int const block : blocks) {
    writes.push_back(harness.write(index, 0, block * kBlockBytes, torrent.range(0, block * kBlockBytes, kBlockBytes)));
  }
  harness.storage().waitForHeld(1);
  harness.drainNetwork();
  for (auto const& write : writes) CHECK(!write.answer.arrived());
  harness.storage().release();
  for (auto const& write : writes) CHECK(!write.answer.wait());
  auto const calls = harness.storage().calls(RequestKind::writePiece);
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].offset == 0);
  CHECK(calls[0].length == pieceBytes);
  CHECK(stores(harness, torrent, 0));
}

TEST_CASE("5 min_piece_16k: 1000 pieces of one block are 1000 writes") {
  TestTorrent const torrent(Kind::v1, kBlockBytes, 1000 * kBlockBytes);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  std::vector<Download> downloads;
  for (int piece = 0; piece < 1000; ++piece) downloads.push_back(harness.download(index, torrent, piece));
  for (auto const& download : downloads) CHECK(download.stored());
  CHECK(harness.storage().calls(RequestKind::writePiece).size() == 1000);
  CHECK(stores(harness, torrent, 999));
}

TEST_CASE("6 big_piece: pieces of 16 and 64 MiB get through limits far below one piece") {
  for (int const mebibytes : {16, 64}) {
    int const pieceBytes = mebibytes << 20;
    TestTorrent const torrent(Kind::v1, pieceBytes, pieceBytes);
    DiskHarness harness({std::int64_t(1) << 20, std::int64_t(1) << 20});
    auto const index = harness.add(torrent);
    auto const download = harness.download(index, torrent, 0);
    CHECK(download.stored());
    CHECK(download.hash.wait().v1 == v1Of(torrent, 0));
    CHECK(stores(harness, torrent, 0));
  }
}

TEST_CASE("12 hash_mismatch: a v1 piece with a wrong byte never reaches JavaScript") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  std::string wrong = torrent.piece(0);
  wrong[5] = char(wrong[5] ^ 1);
  auto const bad = harness.download(index, torrent, 0, wrong);
  CHECK(bad.stored());
  CHECK(bad.hash.wait().v1 == sha1Of(wrong));
  CHECK(harness.clear(index, 0).wait() == 0);
  CHECK(harness.storage().calls(RequestKind::writePiece).empty());
  auto const good = harness.download(index, torrent, 0);
  CHECK(good.stored());
  CHECK(good.hash.wait().v1 == v1Of(torrent, 0));
  CHECK(stores(harness, torrent, 0));
}

TEST_CASE("13 clear_piece_race: what is written after a clear wins over a write that was under way") {
  TestTorrent const torrent(Kind::v2, kPiece, kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  harness.storage().plan(holdWrites);
  auto const old = harness.download(index, torrent, 0, std::string(kPiece, 'x'));
  harness.storage().waitForHeld(1);
  auto const clear = harness.clear(index, 0);
  harness.drainNetwork();
  CHECK(!clear.arrived());
  harness.storage().plan({});
  harness.storage().release();
  CHECK(old.stored());
  CHECK(clear.wait() == 0);
  auto const fresh = harness.download(index, torrent, 0);
  CHECK(fresh.stored());
  CHECK(stores(harness, torrent, 0));
}

TEST_CASE("14 overwrite_block: of a block that is written twice before the piece is whole the second counts") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  auto const first = harness.write(index, 0, 0, std::string(kBlockBytes, 'x'));
  auto const download = harness.download(index, torrent, 0);
  CHECK(download.stored());
  CHECK(download.hash.wait().v1 == v1Of(torrent, 0));
  CHECK(!first.answer.wait());
  CHECK(stores(harness, torrent, 0));
}

TEST_CASE("35 write_fails_while_hash_held: the writes get the error, then the hash is aborted") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  harness.storage().failure = StorageOutcome::noSpace;
  harness.storage().plan(holdWrites);
  auto const download = harness.download(index, torrent, 0);
  harness.storage().waitForHeld(1);
  harness.storage().failHeld();
  CHECK(download.hash.wait().error.ec == boost::asio::error::operation_aborted);
  for (auto const& write : download.writes) {
    CHECK(write.answer.wait().ec == boost::system::errc::no_space_on_device);
    CHECK(write.answer.wait().operation == lt::operation_t::file_write);
    CHECK(write.answer.turn() < download.hash.turn());
  }
  harness.storage().plan({});
  CHECK(harness.clear(index, 0).wait() == 0);
  CHECK(harness.download(index, torrent, 0).stored());
}

TEST_CASE("35 write_fails_while_hash_held: the clears of its blocks are answered together, once JavaScript has cleared the piece") {
  for (auto const kind : {Kind::v1, Kind::hybrid, Kind::v2}) {
    TestTorrent const torrent(kind, kPiece, 2 * kPiece);
    DiskHarness harness;
    auto const index = harness.add(torrent);
    harness.storage().plan(failWrites);
    for (auto const& write : harness.download(index, torrent, 0).writes) CHECK(write.answer.wait());
    harness.storage().plan([](Call const& call) { return call.is(RequestKind::clearPiece) ? Plan::hold : Plan::serve; });
    std::vector<Answer<int>> clears;
    for (int block = 0; block < kPiece / 16384; ++block) clears.push_back(harness.clear(index, 0));
    harness.storage().waitForHeld(1);
    // Whatever is answered without JavaScript is by then. libtorrent takes blocks again with the first answer, and loses them
    // with the next.
    CHECK(harness.download(index, torrent, 1).stored());
    for (auto const& clear : clears) CHECK(!clear.arrived());
    harness.storage().release();
    for (auto const& clear : clears) CHECK(clear.wait() == 0);
    CHECK(harness.storage().calls(RequestKind::clearPiece).size() == 1);
  }
}

TEST_CASE("35 write_fails_while_hash_held: the clears of its blocks are answered together also where a stop comes between them") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  harness.storage().plan(failWrites);
  for (auto const& write : harness.download(index, torrent, 0).writes) CHECK(write.answer.wait());
  harness.storage().plan([](Call const& call) { return call.is(RequestKind::clearPiece) ? Plan::hold : Plan::serve; });
  std::vector<Answer<int>> clears;
  clears.push_back(harness.clear(index, 0));
  auto const stopped = harness.stop(index);
  for (int block = 1; block < kPiece / 16384; ++block) clears.push_back(harness.clear(index, 0));
  harness.storage().waitForHeld(1);
  harness.storage().release();
  stopped.wait();
  for (auto const& clear : clears) {
    REQUIRE(clear.arrived());
    CHECK(clear.turn() < stopped.turn());
  }
}

TEST_CASE("16 write_eio: every block of a piece whose write fails gets the error, with an errno and a file") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  harness.storage().plan(failWrites);
  for (auto const& write : harness.download(index, torrent, 0).writes) {
    auto const& error = write.answer.wait();
    CHECK(error.ec == boost::system::errc::io_error);
    CHECK(int(error.file()) >= 0);
  }
}

TEST_CASE("21 settle_after_timeout: bytes that were lent stay as they were until the storage lets go") {
  int const pieces = 40;
  TestTorrent const torrent(Kind::v1, kPiece, pieces * kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  harness.storage().plan(
      [](Call const& call) { return call.is(RequestKind::writePiece) && call.piece == 0 ? Plan::hold : Plan::serve; });
  auto const late = harness.download(index, torrent, 0);
  harness.storage().waitForHeld(1);
  harness.storage().expire();
  for (auto const& write : late.writes) CHECK(write.answer.wait().ec == boost::system::errc::timed_out);
  for (int piece = 1; piece < pieces; ++piece) CHECK(harness.download(index, torrent, piece).stored());
  auto const lent = harness.storage().lentBytes();
  REQUIRE(lent.size() == 1);
  CHECK((lent[0] == torrent.piece(0)));
  harness.storage().release();
}
