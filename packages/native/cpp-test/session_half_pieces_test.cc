#include <doctest/doctest.h>

#include <atomic>

#include "harness/raw_peer.h"
#include "harness/session_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kBlock = 16384;
constexpr int kPiece = 4 * kBlock;

RawPeer::Serve honest(TestTorrent const& torrent) {
  return [&torrent](RawPeer::Request const& wanted) { return torrent.range(wanted.piece, wanted.offset, wanted.length); };
}

// The first block of no piece.
RawPeer::Serve allButFirstBlocks(TestTorrent const& torrent) {
  return [&torrent](RawPeer::Request const& wanted) -> std::optional<std::string> {
    if (wanted.offset == 0) return std::nullopt;
    return torrent.range(wanted.piece, wanted.offset, wanted.length);
  };
}

lt::bitfield blocks(int count, std::vector<int> const& set) {
  lt::bitfield bits(count, false);
  for (int const block : set) bits.set_bit(block);
  return bits;
}

}  // namespace

TEST_CASE("6 big_piece: 64 MiB pieces arrive in a session whose limits are far below one piece") {
  int const big = 64 << 20;
  TestTorrent const torrent(Kind::v1, big, std::int64_t(big) + 5 * kBlock + 1);
  auto settings = quietSettings();
  settings.set_int(lt::settings_pack::max_queued_disk_bytes, 1 << 20);
  SessionHarness leech(settings, 4 << 20);
  Seed seed(torrent);
  auto const handle = leech.add(torrent);
  handle.connect_peer(seed.endpoint());
  RawPeer const other(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.waitForPieces(handle, 2);
  CHECK(leech.stores(torrent));
  int longest = 0;
  for (auto const& call : leech.storage().calls(RequestKind::writePiece)) {
    CHECK(call.offset % kBlock == 0);
    longest = std::max(longest, call.length);
  }
  // Half pieces above their limit are handed on in parts.
  CHECK(longest <= 2 * (4 << 20));
}

TEST_CASE("31 fence_progress: a pause hands half pieces to JavaScript, and is told of when they are stored") {
  for (auto const kind : {Kind::v1, Kind::hybrid, Kind::v2}) {
    TestTorrent const torrent(kind, kPiece, 3 * kPiece);
    SessionHarness leech;
    leech.storage().plan([](Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; });
    auto const handle = leech.add(torrent);
    RawPeer const seed(leech.watched().endpoint(), *torrent.info, allButFirstBlocks(torrent));
    leech.watched().waitUntil("nine blocks", [&] { return handle.status({}).total_payload_download >= 9 * kBlock; });
    CHECK(leech.storage().calls(RequestKind::writePiece).empty());
    handle.pause();
    leech.storage().waitForHeld(3);
    // A question that is answered after what the session does at a pause.
    CHECK(bool(handle.status({}).flags & lt::torrent_flags::paused));
    CHECK(leech.watched().alerted("torrent_paused") == 0);
    leech.storage().plan({});
    leech.storage().release();
    leech.watched().waitForAlert("torrent_paused");
    for (int piece = 0; piece < 3; ++piece) {
      CHECK((leech.storage().piece(0, piece).substr(kBlock) == torrent.range(piece, kBlock, 3 * kBlock)));
    }
    handle.resume();
    std::atomic<int> served{0};
    RawPeer const again(leech.watched().endpoint(), *torrent.info, [&](RawPeer::Request const& wanted) {
      ++served;
      return torrent.range(wanted.piece, wanted.offset, wanted.length);
    });
    leech.waitForPieces(handle, 3);
    CHECK(served == 3);
    CHECK(leech.stores(torrent));
  }
}

TEST_CASE("29 unfinished_reload: of a half piece that a storage has from an earlier session only the rest is fetched") {
  for (auto const kind : {Kind::v1, Kind::hybrid, Kind::v2}) {
    TestTorrent const torrent(kind, 64 * kBlock, 64 * kBlock);
    SessionHarness leech;
    // Where the other blocks will be, the storage has a hole.
    leech.storage().put(0, 0, torrent.range(0, 0, 3 * kBlock));
    auto const handle = leech.add(torrent, [](lt::add_torrent_params& params) {
      params.unfinished_pieces[lt::piece_index_t(0)] = blocks(64, {0, 1, 2});
    });
    std::atomic<int> served{0};
    RawPeer const seed(leech.watched().endpoint(), *torrent.info, [&](RawPeer::Request const& wanted) {
      ++served;
      CHECK(wanted.offset >= 3 * kBlock);
      return torrent.range(wanted.piece, wanted.offset, wanted.length);
    });
    leech.waitForPieces(handle, 1);
    CHECK(served == 61);
    CHECK(leech.stores(torrent));
    CHECK(leech.watched().alerted("hash_failed") == 0);
  }
}

TEST_CASE("29 unfinished_lost: blocks that are claimed and not there cost one fetch of the piece, and ban nobody") {
  for (auto const kind : {Kind::v1, Kind::hybrid, Kind::v2}) {
    TestTorrent const torrent(kind, kPiece, 2 * kPiece);
    SessionHarness leech;
    auto const handle = leech.add(torrent, [](lt::add_torrent_params& params) {
      params.unfinished_pieces[lt::piece_index_t(0)] = blocks(4, {0, 1, 2});
    });
    // libtorrent fetches a piece again without stopping the torrent only by letting go of who sent it.
    RawPeer seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
    seed.waitUntilClosed();
    CHECK(leech.watched().waitForAlert("file_error").error == boost::system::errc::not_enough_memory);
    RawPeer const again(leech.watched().endpoint(), *torrent.info, honest(torrent));
    leech.waitForPieces(handle, 2);
    CHECK(!handle.status({}).errc);
    CHECK(leech.watched().alerted("peer_ban") == 0);
    CHECK(leech.stores(torrent));
  }
}
