#include <doctest/doctest.h>

#include "harness/disk_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * kBlockBytes;

std::string spoilt(std::string bytes, int at) {
  bytes[std::size_t(at)] = char(~bytes[std::size_t(at)]);
  return bytes;
}

Plan holdWrites(Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; }

lt::add_torrent_params claimOf(int pieces, int claimed) {
  lt::add_torrent_params params;
  params.have_pieces.resize(pieces, false);
  params.have_pieces.set_bit(lt::piece_index_t(claimed));
  return params;
}

}  // namespace

TEST_CASE("12 hybrid_mismatch: a hybrid piece with a wrong byte stays in memory, and single blocks replace its blocks") {
  TestTorrent const torrent(Kind::hybrid, kPiece, 2 * kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  auto const wrong = spoilt(torrent.piece(0), kBlockBytes + 5);
  auto const first = harness.download(index, torrent, 0, wrong);
  CHECK(first.stored());
  CHECK(first.hash.wait().v1 == sha1Of(wrong));
  harness.clear(index, 0).wait();
  CHECK(harness.storage().calls(RequestKind::writePiece).empty());
  CHECK(harness.storage().calls(RequestKind::clearPiece).empty());
  // The blocks that were not at fault are still there for whoever reads them.
  CHECK((harness.read(index, 0, 0, kBlockBytes).wait().bytes(kBlockBytes) == torrent.range(0, 0, kBlockBytes)));
  auto const again = harness.write(index, 0, kBlockBytes, torrent.range(0, kBlockBytes, kBlockBytes));
  auto const hash = harness.hash(index, torrent, 0, lt::disk_interface::flush_piece);
  CHECK(hash.wait().v1 == torrent.info->hash_for_piece(lt::piece_index_t(0)));
  CHECK(!again.answer.wait());
  CHECK(harness.storage().calls(RequestKind::writePiece).size() == 1);
  CHECK((harness.storage().piece(0, 0) == torrent.piece(0)));
}

TEST_CASE("12 v2_mismatch: a piece that libtorrent found wrong is claimed by no later check") {
  for (auto const kind : {Kind::v2, Kind::hybrid}) {
    TestTorrent const torrent(kind, kPiece, 2 * kPiece);
    DiskHarness harness;
    auto const index = harness.add(torrent);
    CHECK(harness.download(index, torrent, 0, spoilt(torrent.piece(0), 7)).stored());
    harness.clear(index, 0).wait();
    auto const claim = claimOf(torrent.pieces(), 0);
    CHECK((harness.check(index, &claim).wait().status == lt::status_t::need_full_check));
  }
}

TEST_CASE("12 v2_single_blocks: after a mismatch of v2 the other blocks count with the one that comes again") {
  TestTorrent const torrent(Kind::v2, kPiece, 2 * kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  CHECK(harness.download(index, torrent, 0, spoilt(torrent.piece(0), kBlockBytes + 5)).stored());
  harness.clear(index, 0).wait();
  auto const again = harness.write(index, 0, kBlockBytes, torrent.range(0, kBlockBytes, kBlockBytes));
  auto const hash = harness.hash(index, torrent, 0);
  auto const& leaves = hash.wait().v2;
  for (int block = 0; block < 4; ++block) {
    CHECK(leaves[std::size_t(block)] == sha256Of(torrent.range(0, block * kBlockBytes, kBlockBytes)));
  }
  CHECK(!again.answer.wait());
  CHECK((harness.storage().piece(0, 0) == torrent.piece(0)));
}

TEST_CASE("29 unfinished_pieces: a hash covers the blocks of an earlier session and those of this one") {
  for (auto const kind : {Kind::v1, Kind::v2, Kind::hybrid}) {
    TestTorrent const torrent(kind, kPiece, 2 * kPiece);
    DiskHarness harness;
    harness.storage().put(0, 1, torrent.range(1, 0, 3 * kBlockBytes));
    auto const index = harness.add(torrent);
    auto const last = harness.write(index, 1, 3 * kBlockBytes, torrent.range(1, 3 * kBlockBytes, kBlockBytes));
    auto const hash = harness.hash(index, torrent, 1);
    if (kind != Kind::v2) CHECK(hash.wait().v1 == torrent.info->hash_for_piece(lt::piece_index_t(1)));
    if (kind != Kind::v1) CHECK(hash.wait().v2[0] == sha256Of(torrent.range(1, 0, kBlockBytes)));
    CHECK(!hash.wait().error);
    CHECK(!last.answer.wait());
    CHECK((harness.storage().piece(0, 1) == torrent.piece(1)));
  }
}

TEST_CASE("29 unfinished_lost: blocks of an earlier session that are gone are fetched again, and stop nothing") {
  TestTorrent const torrent(Kind::v1, kPiece, 2 * kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  auto const last = harness.write(index, 1, 3 * kBlockBytes, torrent.range(1, 3 * kBlockBytes, kBlockBytes));
  auto const hash = harness.hash(index, torrent, 1);
  CHECK(last.answer.wait().ec == boost::system::errc::not_enough_memory);
  CHECK(hash.wait().error.ec == lt::error_code(boost::asio::error::operation_aborted));
  // With nothing from this session there is nobody to blame: a digest that fits nothing.
  auto const other = harness.hash(index, torrent, 0);
  CHECK(!other.wait().error);
  CHECK(other.wait().v1 == lt::sha1_hash());
}

TEST_CASE("14 overwrite_while_lent: a block that comes again while its piece is being stored is what readers get") {
  TestTorrent const torrent(Kind::v1, kPiece, 2 * kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  harness.storage().plan(holdWrites);
  auto const first = harness.download(index, torrent, 0);
  harness.storage().waitForHeld(1);
  std::string const newer(std::size_t(kBlockBytes), 'n');
  auto const again = harness.write(index, 0, kBlockBytes, newer);
  CHECK((harness.read(index, 0, kBlockBytes, kBlockBytes).wait().bytes(kBlockBytes) == newer));
  CHECK((harness.read(index, 0, kBlockBytes + 100, 200).wait().bytes(200) == newer.substr(0, 200)));
  auto const stopped = harness.stop(index);
  harness.storage().plan({});
  harness.storage().release();
  CHECK(first.stored());
  CHECK(!again.answer.wait());
  stopped.wait();
  CHECK((harness.storage().piece(0, 0).substr(kBlockBytes, kBlockBytes) == newer));
}

TEST_CASE("13 clear_then_given: what is handed over after a clear was asked for is known to be with JavaScript") {
  TestTorrent const torrent(Kind::v1, kPiece, 2 * kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  CHECK(harness.download(index, torrent, 0).stored());
  harness.storage().plan([](Call const& call) { return call.is(RequestKind::clearPiece) ? Plan::hold : Plan::serve; });
  auto const cleared = harness.clear(index, 0);
  harness.storage().waitForHeld(1);
  CHECK(harness.download(index, torrent, 0).stored());
  harness.storage().release();
  cleared.wait();
  CHECK((harness.check(index, nullptr).wait().status == lt::status_t::need_full_check));
  auto const hash = harness.hash(index, torrent, 0, lt::disk_interface::volatile_read);
  CHECK(hash.wait().v1 == torrent.info->hash_for_piece(lt::piece_index_t(0)));
}
