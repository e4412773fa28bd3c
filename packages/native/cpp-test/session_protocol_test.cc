#include <doctest/doctest.h>

#include <atomic>

#include "harness/raw_peer.h"
#include "harness/session_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * 16384;

Plan holdWrites(Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; }

// Only the first: another that fails late would stop a torrent that was just told to go on.
std::function<Plan(Call const&)> failOneWrite() {
  return [failed = false](Call const& call) mutable {
    bool const fails = call.is(RequestKind::writePiece) && !std::exchange(failed, true);
    return fails ? Plan::fail : Plan::serve;
  };
}

RawPeer::Serve honest(TestTorrent const& torrent) {
  return [&torrent](RawPeer::Request const& wanted) { return torrent.range(wanted.piece, wanted.offset, wanted.length); };
}

}  // namespace

TEST_CASE("34 no_have_before_stored: nobody hears of a piece while the storage has not settled") {
  for (auto const kind : {Kind::v1, Kind::hybrid, Kind::v2}) {
    TestTorrent const torrent(kind, kPiece, 4 * kPiece);
    SessionHarness leech;
    leech.storage().plan(holdWrites);
    auto const handle = leech.add(torrent);
    RawPeer watcher(leech.watched().endpoint(), *torrent.info);
    RawPeer seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
    leech.storage().waitForHeld(4);
    // Whoever connects now is told what there is, after all that was said before.
    RawPeer late(leech.watched().endpoint(), *torrent.info);
    leech.watched().waitUntil("three peers", [&] { return handle.status({}).num_peers >= 3; });
    CHECK(watcher.have().empty());
    CHECK(late.have().empty());
    CHECK(handle.status({}).num_pieces == 0);
    CHECK(leech.watched().alerted("torrent_finished") == 0);
    leech.storage().plan({});
    leech.storage().release();
    watcher.waitForHave(4);
    leech.storage().waitForCalls(RequestKind::completePiece, 4);
  }
}

TEST_CASE("12 hash_mismatch: what a corrupt peer sends never reaches JavaScript, and honest peers finish the torrent") {
  TestTorrent const torrent(Kind::v1, kPiece, 4 * kPiece);
  SessionHarness leech;
  auto const handle = leech.add(torrent);
  {
    RawPeer const corrupt(leech.watched().endpoint(), *torrent.info, [&](RawPeer::Request const& wanted) {
      auto bytes = torrent.range(wanted.piece, wanted.offset, wanted.length);
      bytes[0] = char(bytes[0] ^ 1);
      return bytes;
    });
    leech.watched().waitForAlert("hash_failed");
    CHECK(leech.storage().calls(RequestKind::writePiece).empty());
  }
  Seed seed(torrent);
  handle.connect_peer(seed.endpoint());
  leech.waitForPieces(handle, 4);
  CHECK(leech.stores(torrent));
}

TEST_CASE("15 enospc: a full storage puts the torrent into upload mode, and it goes on when told to") {
  TestTorrent const torrent(Kind::v1, kPiece, 4 * kPiece);
  SessionHarness leech;
  leech.storage().failure = StorageOutcome::noSpace;
  leech.storage().plan(failOneWrite());
  auto const handle = leech.add(torrent);
  RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
  CHECK(leech.watched().waitForAlert("file_error").error == boost::system::errc::no_space_on_device);
  leech.watched().waitUntil("upload mode", [&] { return bool(handle.flags() & lt::torrent_flags::upload_mode); });
  CHECK(!(handle.flags() & lt::torrent_flags::paused));
  CHECK(!handle.status({}).errc);
  handle.unset_flags(lt::torrent_flags::upload_mode);
  RawPeer const again(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.waitForPieces(handle, 4);
  CHECK(leech.stores(torrent));
}

TEST_CASE("16 write_eio: a failed storage stops the torrent with its error, and it goes on when that is cleared") {
  TestTorrent const torrent(Kind::v1, kPiece, 4 * kPiece);
  SessionHarness leech;
  leech.storage().plan(failOneWrite());
  auto const handle = leech.add(torrent);
  RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.watched().waitUntil("the error", [&] { return bool(handle.status({}).errc); });
  CHECK(handle.status({}).errc == boost::system::errc::io_error);
  handle.clear_error();
  handle.resume();
  RawPeer const again(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.waitForPieces(handle, 4);
  CHECK(leech.stores(torrent));
}

TEST_CASE("35 write_fails_while_hash_held: a piece whose write fails is never announced, and comes again") {
  TestTorrent const torrent(Kind::v1, kPiece, 2 * kPiece);
  SessionHarness leech;
  std::atomic<int> failures{1};
  leech.storage().failure = StorageOutcome::noSpace;
  leech.storage().plan([&](Call const& call) {
    return call.is(RequestKind::writePiece) && call.piece == 1 && failures-- > 0 ? Plan::fail : Plan::serve;
  });
  auto const handle = leech.add(torrent);
  RawPeer watcher(leech.watched().endpoint(), *torrent.info);
  RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.watched().waitForAlert("file_error");
  for (int const piece : watcher.have()) CHECK(piece == 0);
  handle.unset_flags(lt::torrent_flags::upload_mode);
  RawPeer const again(leech.watched().endpoint(), *torrent.info, honest(torrent));
  watcher.waitForHave(2);
  CHECK(leech.stores(torrent));
}

TEST_CASE("20 read_error_peer: a peer whose block cannot be read is told so, and the torrent stays up") {
  TestTorrent const torrent(Kind::v1, kPiece, 2 * kPiece);
  SessionHarness seed;
  seed.storage().havePieces = "\xc0";
  seed.storage().put(0, 1, torrent.piece(1));
  auto const handle = seed.add(torrent, [](lt::add_torrent_params& params) {
    params.have_pieces.resize(2, true);
    params.flags |= lt::torrent_flags::no_verify_files;
  });
  RawPeer peer(seed.watched().endpoint(), *torrent.info);
  // Piece 0 is claimed and not there.
  peer.request({0, 0, 16384});
  seed.watched().waitForAlert("file_error");
  CHECK(!handle.status({}).errc);
  CHECK(!(handle.flags() & lt::torrent_flags::paused));
  peer.request({1, 16384, 16384});
  CHECK((peer.waitForPiece() == torrent.range(1, 16384, 16384)));
}

TEST_CASE("33 backpressure: a slow storage slows the peers down, and all of it arrives") {
  TestTorrent const torrent(Kind::v1, kPiece, 64 * kPiece);
  auto settings = quietSettings();
  settings.set_int(lt::settings_pack::max_queued_disk_bytes, 4 * kPiece);
  SessionHarness leech(settings);
  leech.storage().plan(holdWrites);
  auto const handle = leech.add(torrent);
  std::vector<std::unique_ptr<RawPeer>> peers;
  std::atomic<int> served{0};
  for (int i = 0; i < 4; ++i) {
    peers.push_back(std::make_unique<RawPeer>(leech.watched().endpoint(), *torrent.info, [&](RawPeer::Request const& wanted) {
      ++served;
      return torrent.range(wanted.piece, wanted.offset, wanted.length);
    }));
  }
  leech.storage().waitForHeld(4);
  // Everything that may still come is on its way: the session stops reading soon.
  int before = -1;
  leech.watched().waitUntil("the peers stand still", [&] { return std::exchange(before, served.load()) == served.load(); });
  CHECK(served < 64 * 4);
  leech.storage().plan({});
  leech.storage().release();
  leech.waitForPieces(handle, 64);
  CHECK(leech.stores(torrent));
}
