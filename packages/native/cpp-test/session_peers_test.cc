#include <doctest/doctest.h>

#include <libtorrent/ip_filter.hpp>
#include <libtorrent/magnet_uri.hpp>

#include <atomic>

#include "harness/raw_peer.h"
#include "harness/session_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * 16384;

Plan holdWrites(Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; }
Plan holdReads(Call const& call) { return call.is(RequestKind::readPiece) ? Plan::hold : Plan::serve; }

RawPeer::Serve honest(TestTorrent const& torrent) {
  return [&torrent](RawPeer::Request const& wanted) { return torrent.range(wanted.piece, wanted.offset, wanted.length); };
}

}  // namespace

TEST_CASE("3 hash_held: no block is finished and no piece passes before the storage settles, and then in this order") {
  for (auto const kind : {Kind::v1, Kind::hybrid, Kind::v2}) {
    TestTorrent const torrent(kind, kPiece, kPiece);
    Seed seed(torrent);
    SessionHarness leech;
    leech.storage().plan(holdWrites);
    auto const handle = leech.add(torrent);
    handle.connect_peer(seed.endpoint());
    leech.storage().waitForHeld(1);
    CHECK(handle.status({}).num_pieces == 0);
    CHECK(leech.watched().alerted("block_finished") == 0);
    CHECK(leech.watched().alerted("piece_finished") == 0);
    leech.storage().release();
    leech.watched().waitForAlert("piece_finished");
    int finishedBlocks = 0;
    for (auto const& alert : leech.watched().alerts()) {
      if (alert.name == "block_finished") ++finishedBlocks;
      if (alert.name == "piece_finished") break;
    }
    CHECK(finishedBlocks == 4);
  }
}

TEST_CASE("12 hash_mismatch_shared: a peer that sent right blocks of a piece with a wrong one keeps its place") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  SessionHarness leech;
  auto const handle = leech.add(torrent);
  std::atomic<bool> lied{false};
  auto corrupt = std::make_unique<RawPeer>(
      leech.watched().endpoint(), *torrent.info, [&](RawPeer::Request const& wanted) -> std::optional<std::string> {
        if (lied.exchange(true)) return std::nullopt;
        auto bytes = torrent.range(wanted.piece, wanted.offset, wanted.length);
        bytes[0] = char(bytes[0] ^ 1);
        return bytes;
      });
  leech.watched().waitUntil("the lie", [&] { return handle.status({}).total_payload_download > 0; });
  corrupt.reset();
  leech.watched().waitUntil("the liar is gone", [&] { return handle.status({}).num_peers == 0; });
  RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.watched().waitForAlert("hash_failed");
  leech.waitForPieces(handle, 1);
  CHECK(!seed.closed());
  CHECK(leech.watched().alerted("peer_ban") == 0);
  CHECK(leech.stores(torrent));
}

TEST_CASE("33 observer_died: peers that are cut off while they wait for the storage hold up nobody") {
  TestTorrent const torrent(Kind::v1, kPiece, 32 * kPiece);
  auto settings = quietSettings();
  settings.set_int(lt::settings_pack::max_queued_disk_bytes, 2 * kPiece);
  SessionHarness leech(settings);
  leech.storage().plan(holdWrites);
  auto const handle = leech.add(torrent);
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (int i = 0; i < 6; ++i) {
    peers.push_back(std::make_unique<RawPeer>(leech.watched().endpoint(), *torrent.info, honest(torrent)));
  }
  leech.storage().waitForHeld(2);
  // Who waits for the storage does not read, and would not notice that its peer leaves.
  lt::ip_filter nobody;
  auto const loopback = lt::make_address("127.0.0.1");
  nobody.add_rule(loopback, loopback, lt::ip_filter::blocked);
  leech.watched().session().set_ip_filter(nobody);
  leech.watched().waitUntil("all are cut off", [&] { return handle.status({}).num_peers == 0; });
  leech.watched().session().set_ip_filter({});
  leech.storage().plan({});
  leech.storage().release();
  RawPeer const again(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.waitForPieces(handle, 32);
  CHECK(leech.stores(torrent));
}

TEST_CASE("36 late_storage: a storage that settles when the session is gone disturbs nobody") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  SessionHarness leech;
  leech.storage().plan(holdWrites);
  leech.add(torrent);
  RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.storage().waitForHeld(4);
  leech.storage().plan({});
  auto const lent = leech.storage().lentBytes();
  leech.storage().expire();
  leech.watched().close();
  // What was lent is still theirs who were lent it.
  CHECK((leech.storage().lentBytes() == lent));
  leech.storage().release();
}

TEST_CASE("36 shutdown_of_seed: a session on this backend serves another, and ends while its blocks are being read") {
  TestTorrent const torrent(Kind::hybrid, kPiece, 20 * kPiece);
  Seed origin(torrent);
  SessionHarness first;
  auto const atFirst = first.add(torrent);
  atFirst.connect_peer(origin.endpoint());
  first.waitForPieces(atFirst, 20);

  SessionHarness second;
  auto const atSecond = second.add(torrent);
  atSecond.connect_peer(first.watched().endpoint());
  second.waitForPieces(atSecond, 20);
  CHECK(second.stores(torrent));

  SessionHarness third;
  auto const atThird = third.add(torrent);
  second.storage().plan(holdReads);
  atThird.connect_peer(second.watched().endpoint());
  second.storage().waitForHeld(1);
  second.storage().plan({});
  second.storage().expire();
  second.close();
  atThird.connect_peer(first.watched().endpoint());
  third.waitForPieces(atThird, 20);
  CHECK(third.stores(torrent));
}

TEST_CASE("23 storage_index_reuse_stress: 40 torrents come and go in a session while the storage is slow") {
  TestTorrent const torrent(Kind::v1, kPiece, 3 * kPiece);
  SessionHarness leech;
  leech.storage().plan(holdWrites);
  for (int round = 0; round < 40; ++round) {
    auto const handle = leech.add(torrent);
    RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
    leech.storage().waitForCalls(RequestKind::writePiece, std::size_t(round) + 1);
    leech.watched().session().remove_torrent(handle, round % 2 == 0 ? lt::session::delete_files : lt::remove_flags_t{});
    if (round % 5 == 0) leech.storage().release();
    leech.watched().waitUntil("it is gone", [&] { return leech.watched().alerted("torrent_removed") == round + 1; });
  }
  leech.storage().plan({});
  leech.storage().release();
  leech.storage().waitForCalls(RequestKind::closeStorage, 40);
  auto const handle = leech.add(torrent);
  RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.waitForPieces(handle, 3);
  CHECK(leech.stores(torrent, 40));
  std::vector<int> closes(41, 0);
  for (auto const& call : leech.storage().calls()) {
    auto& closed = closes[std::size_t(call.storageIndex)];
    CHECK(closed == 0);
    if (call.is(RequestKind::closeStorage)) ++closed;
  }
}

TEST_CASE("26 resume_wrong_size: claims for another number of pieces are checked, not believed") {
  TestTorrent const torrent(Kind::v1, kPiece, 9 * kPiece);
  for (int const claimed : {1, 8, 10, 100}) {
    SessionHarness harness;
    harness.storage().havePieces = std::string("\x80\x00", 2);
    harness.storage().put(0, 0, torrent.piece(0));
    auto const handle = harness.add(torrent, [&](lt::add_torrent_params& params) { params.have_pieces.resize(claimed, true); });
    harness.watched().waitForAlert("torrent_checked");
    CHECK(handle.status({}).num_pieces == 1);
  }
}

TEST_CASE("30 magnet_removed_late: a magnet that goes as its metadata arrives leaves nothing open") {
  TestTorrent const torrent(Kind::hybrid, kPiece, 3 * kPiece);
  Seed seed(torrent);
  SessionHarness leech;
  for (int round = 0; round < 3; ++round) {
    auto const handle = leech.addMagnet(lt::make_magnet_uri(*torrent.info));
    handle.connect_peer(seed.endpoint());
    leech.watched().waitUntil("the metadata", [&] { return leech.watched().alerted("metadata_received") == round + 1; });
    leech.watched().session().remove_torrent(handle, lt::session::delete_files);
    leech.watched().waitUntil("it is gone", [&] { return leech.watched().alerted("torrent_removed") == round + 1; });
  }
  leech.storage().waitForCalls(RequestKind::closeStorage, leech.storage().calls(RequestKind::openStorage).size());
  leech.close();
  CHECK(leech.storage().calls(RequestKind::closeStorage).size() == leech.storage().calls(RequestKind::openStorage).size());
}
