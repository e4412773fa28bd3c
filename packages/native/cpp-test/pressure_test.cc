#include <doctest/doctest.h>

#include "harness/disk_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * kBlockBytes;

Plan holdWrites(Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; }

}  // namespace

TEST_CASE("33 backpressure: above the mark peers are told to wait, and each is told to go on") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  DiskHarness harness({2 * kPiece, std::int64_t(1) << 20});
  auto const index = harness.add(torrent);
  harness.storage().plan(holdWrites);
  CHECK(!harness.download(index, torrent, 0).writes.back().exceeded);
  auto const second = harness.download(index, torrent, 1);
  auto const patient = std::make_shared<Observer>();
  auto const another = std::make_shared<Observer>();
  auto gone = std::make_shared<Observer>();
  std::vector<WriteCall> writes;
  for (auto const& observer : {patient, another, gone, std::shared_ptr<Observer>()}) {
    writes.push_back(harness.write(index, 2, int(writes.size()) * kBlockBytes, torrent.range(2, int(writes.size()) * kBlockBytes, kBlockBytes), observer));
  }
  CHECK(writes[1].exceeded);
  gone.reset();
  harness.drainNetwork();
  CHECK(patient->told == 0);
  harness.storage().plan({});
  harness.storage().release();
  for (auto const& write : writes) CHECK(!write.answer.wait());
  harness.drainNetwork();
  CHECK(patient->told >= 1);
  CHECK(another->told >= 1);
  CHECK(!harness.write(index, 3, 0, torrent.range(3, 0, kBlockBytes), patient).exceeded);
}

TEST_CASE("33 large_pieces: one piece that takes all of the budget stops nobody, two do until one is left") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  DiskHarness harness({kPiece, std::int64_t(1) << 20});
  auto const index = harness.add(torrent);
  harness.storage().plan(holdWrites);
  auto const alone = harness.download(index, torrent, 0);
  harness.storage().waitForCalls(RequestKind::writePiece, 1);
  auto const peer = std::make_shared<Observer>();
  CHECK(!harness.write(index, 2, 0, torrent.range(2, 0, kBlockBytes), peer).exceeded);
  auto const second = harness.download(index, torrent, 1);
  harness.storage().waitForCalls(RequestKind::writePiece, 2);
  CHECK(harness.write(index, 2, kBlockBytes, torrent.range(2, kBlockBytes, kBlockBytes), peer).exceeded);
  CHECK(peer->told == 0);
  harness.storage().releaseFirst();
  CHECK(alone.stored());
  harness.drainNetwork();
  CHECK(peer->told == 1);
  harness.storage().plan({});
  harness.storage().release();
  CHECK(second.stored());
}

TEST_CASE("33 large_pieces: a piece of more than twice the budget stops peers on its own") {
  TestTorrent const torrent(Kind::v1, kPiece, 4 * kPiece);
  DiskHarness harness({kPiece / 2 - 1, std::int64_t(1) << 20});
  auto const index = harness.add(torrent);
  harness.storage().plan(holdWrites);
  auto const alone = harness.download(index, torrent, 0);
  harness.storage().waitForCalls(RequestKind::writePiece, 1);
  auto const peer = std::make_shared<Observer>();
  CHECK(harness.write(index, 1, 0, torrent.range(1, 0, kBlockBytes), peer).exceeded);
  harness.storage().plan({});
  harness.storage().release();
  CHECK(alone.stored());
  harness.drainNetwork();
  CHECK(peer->told == 1);
}

TEST_CASE("33 half_pieces: half pieces tell nobody to wait, and above their limit the coldest go to JavaScript") {
  int const pieces = 64;
  TestTorrent const torrent(Kind::v1, kPiece, pieces * kPiece);
  DiskHarness harness({std::int64_t(16) << 20, 8 * kBlockBytes});
  auto const index = harness.add(torrent);
  std::vector<WriteCall> writes;
  for (int piece = 0; piece < pieces; ++piece) {
    writes.push_back(harness.write(index, piece, kBlockBytes, torrent.range(piece, kBlockBytes, kBlockBytes)));
    CHECK(!writes.back().exceeded);
  }
  harness.storage().waitForCalls(RequestKind::writePiece, std::size_t(pieces - 8));
  for (int piece = 0; piece < pieces - 8; ++piece) CHECK(!writes[std::size_t(piece)].answer.wait());
  auto const calls = harness.storage().calls(RequestKind::writePiece);
  CHECK(calls.front().piece == 0);
  for (auto const& call : calls) CHECK(call.offset == kBlockBytes);
  // What went away is read back for the hash of the whole piece.
  for (int const block : {0, 2}) {
    writes.push_back(harness.write(index, 0, block * kBlockBytes, torrent.range(0, block * kBlockBytes, kBlockBytes)));
  }
  harness.onNetwork([] {});
  auto const last = harness.download(index, torrent, 1);
  CHECK(last.stored());
  CHECK(last.hash.wait().v1 == torrent.info->hash_for_piece(lt::piece_index_t(1)));
  CHECK((harness.storage().piece(0, 1) == torrent.piece(1)));
}

TEST_CASE("39 many_torrents: a slow one does not hold up a thousand others") {
  TestTorrent const torrent(Kind::v1, kBlockBytes, 2 * kBlockBytes);
  DiskHarness harness;
  harness.storage().plan([](Call const& call) {
    return call.is(RequestKind::writePiece) && call.storageIndex == 0 ? Plan::hold : Plan::serve;
  });
  std::vector<lt::storage_index_t> indices;
  for (int number = 0; number < 1000; ++number) indices.push_back(harness.add(torrent));
  std::vector<Download> downloads;
  for (int piece = 0; piece < 2; ++piece) {
    for (auto const index : indices) downloads.push_back(harness.download(index, torrent, piece));
  }
  for (std::size_t i = 0; i < downloads.size(); ++i) {
    if (i % 1000 != 0) CHECK(downloads[i].stored());
  }
  CHECK(!downloads[0].hash.arrived());
  harness.storage().release();
  harness.storage().plan({});
  harness.storage().release();
  CHECK(downloads[0].stored());
  CHECK(downloads[1000].stored());
}
