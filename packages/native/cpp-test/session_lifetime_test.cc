#include <doctest/doctest.h>

#include "harness/raw_peer.h"
#include "harness/session_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * 16384;

RawPeer::Serve honest(TestTorrent const& torrent) {
  return [&torrent](RawPeer::Request const& wanted) { return torrent.range(wanted.piece, wanted.offset, wanted.length); };
}

Plan holdReads(Call const& call) { return call.is(RequestKind::readPiece) ? Plan::hold : Plan::serve; }
Plan holdWrites(Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; }

void stockAll(FakeStorage& storage, TestTorrent const& torrent) {
  storage.havePieces = std::string(std::size_t((torrent.pieces() + 7) / 8), '\xff');
  for (int piece = 0; piece < torrent.pieces(); ++piece) storage.put(0, piece, torrent.piece(piece));
}

}  // namespace

TEST_CASE("22 remove_while_writing: a torrent that is removed with its data closes its storage once, after its writes") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  SessionHarness leech;
  leech.storage().plan(holdWrites);
  auto const handle = leech.add(torrent);
  RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.storage().waitForHeld(3);
  leech.watched().session().remove_torrent(handle, lt::session::delete_files);
  // Comes at once, and has a storage of its own.
  auto const again = leech.add(torrent);
  leech.storage().plan({});
  leech.storage().release();
  leech.watched().waitForAlert("torrent_deleted");
  leech.storage().waitForCalls(RequestKind::closeStorage, 1);
  RawPeer const other(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.waitForPieces(again, 8);
  CHECK(leech.stores(torrent, 1));
  bool closed = false;
  for (auto const& call : leech.storage().calls()) {
    if (call.storageIndex != 0) continue;
    CHECK(!closed);
    closed = call.is(RequestKind::closeStorage);
  }
  CHECK(leech.watched().alerted("torrent_deleted") == 1);
}

TEST_CASE("22 remove_while_completing: a storage closes only when it has settled that its pieces are complete") {
  TestTorrent const torrent(Kind::v1, kPiece, 3 * kPiece);
  SessionHarness leech;
  leech.storage().plan([](Call const& call) { return call.is(RequestKind::completePiece) ? Plan::hold : Plan::serve; });
  auto const handle = leech.add(torrent);
  RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.storage().waitForHeld(3);
  leech.watched().session().remove_torrent(handle);
  // Another that goes after it, and closes before it.
  TestTorrent const other(Kind::v1, kPiece, kPiece);
  leech.watched().session().remove_torrent(leech.add(other));
  leech.storage().waitForCalls(RequestKind::closeStorage, 1);
  CHECK(leech.storage().calls(RequestKind::closeStorage).front().storageIndex == 1);
  leech.storage().release();
  leech.storage().waitForCalls(RequestKind::closeStorage, 2);
}

TEST_CASE("36 shutdown: a session ends while pieces are being checked, read and written") {
  TestTorrent const torrent(Kind::v1, kPiece, 40 * kPiece);
  SUBCASE("during a check") {
    SessionHarness harness;
    stockAll(harness.storage(), torrent);
    harness.storage().plan(holdReads);
    harness.add(torrent);
    harness.storage().waitForHeld(1);
    harness.storage().plan({});
    harness.storage().expire();
    harness.close();
  }
  SUBCASE("with reads under way") {
    SessionHarness harness;
    stockAll(harness.storage(), torrent);
    harness.storage().plan(holdReads);
    auto const handle = harness.add(torrent, [](lt::add_torrent_params& params) {
      params.have_pieces.resize(40, true);
      params.flags |= lt::torrent_flags::no_verify_files;
    });
    std::vector<std::unique_ptr<RawPeer>> peers;
    for (int i = 0; i < 6; ++i) {
      peers.push_back(std::make_unique<RawPeer>(harness.watched().endpoint(), *torrent.info));
    }
    for (int i = 0; i < 3; ++i) peers[std::size_t(i)]->request({i, 0, 16384});
    harness.storage().waitForHeld(3);
    harness.storage().expire();
    harness.close();
  }
  SUBCASE("with writes under way") {
    SessionHarness harness;
    harness.storage().plan(holdWrites);
    harness.add(torrent);
    RawPeer const seed(harness.watched().endpoint(), *torrent.info, honest(torrent));
    harness.storage().waitForHeld(4);
    harness.storage().expire();
    harness.close();
  }
  SUBCASE("as soon as it is there") {
    SessionHarness harness;
    harness.add(torrent);
    harness.close();
  }
}

TEST_CASE("39 many_torrents: 200 torrents of one session, added, fetched and removed") {
  std::vector<std::unique_ptr<TestTorrent>> torrents;
  SessionHarness leech;
  std::vector<lt::torrent_handle> handles;
  for (int i = 0; i < 200; ++i) {
    torrents.push_back(std::make_unique<TestTorrent>(Kind::v1, 16384, 16384 + i));
    handles.push_back(leech.add(*torrents.back()));
  }
  // Eight of them have a peer.
  std::vector<std::unique_ptr<RawPeer>> seeds;
  for (std::size_t i = 0; i < 200; i += 25) {
    seeds.push_back(std::make_unique<RawPeer>(leech.watched().endpoint(), *torrents[i]->info, honest(*torrents[i])));
    leech.waitForPieces(handles[i], torrents[i]->pieces());
    CHECK(leech.stores(*torrents[i], int(i)));
  }
  for (auto const& handle : handles) leech.watched().session().remove_torrent(handle);
  leech.storage().waitForCalls(RequestKind::closeStorage, 200);
}

TEST_CASE("41 disable_hash_checks: pieces are stored also where nobody asks for their hash") {
  TestTorrent const torrent(Kind::v1, kPiece, 4 * kPiece);
  auto settings = quietSettings();
  settings.set_bool(lt::settings_pack::disable_hash_checks, true);
  SessionHarness leech(settings);
  auto const handle = leech.add(torrent);
  RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.storage().waitForCalls(RequestKind::writePiece, 4);
  leech.waitForPieces(handle, 4);
  CHECK(leech.stores(torrent));
}

TEST_CASE("42 add_piece: a piece that is given by hand is stored, and given again it replaces") {
  TestTorrent const torrent(Kind::v1, kPiece, 2 * kPiece);
  SessionHarness leech;
  auto const handle = leech.add(torrent);
  auto const bytes = torrent.piece(1);
  leech.watched().waitUntilReady();
  handle.add_piece(lt::piece_index_t(1), bytes.data());
  leech.waitForPieces(handle, 1);
  CHECK((leech.storage().piece(0, 1) == bytes));
  handle.add_piece(lt::piece_index_t(1), bytes.data(), lt::torrent_handle::overwrite_existing);
  leech.storage().waitForCalls(RequestKind::writePiece, 2);
  RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.waitForPieces(handle, 2);
  CHECK(leech.stores(torrent));
}

TEST_CASE("43 file_priority: pieces of unwanted files are not fetched, those at their edge are stored whole") {
  TestTorrent const torrent(Kind::v1, kPiece, {{2 * kPiece + 100}, {3 * kPiece}, {kPiece}});
  SessionHarness leech;
  auto const handle = leech.add(torrent, [](lt::add_torrent_params& params) {
    params.file_priorities = {lt::dont_download, lt::default_priority, lt::dont_download};
  });
  RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.watched().waitForAlert("torrent_finished");
  CHECK(leech.storage().piece(0, 0).empty());
  for (int const piece : {2, 3, 4, 5}) CHECK((leech.storage().piece(0, piece) == torrent.piece(piece)));
  handle.prioritize_files(std::vector<lt::download_priority_t>(3, lt::default_priority));
  leech.waitForPieces(handle, torrent.pieces());
  CHECK(leech.stores(torrent));
  CHECK(!handle.status({}).errc);
}

TEST_CASE("47 move_storage: there is nowhere to move to, and saying so stops nothing") {
  TestTorrent const torrent(Kind::v1, kPiece, 2 * kPiece);
  SessionHarness leech;
  auto const handle = leech.add(torrent);
  handle.move_storage("/elsewhere");
  leech.watched().waitForAlert("storage_moved_failed");
  handle.rename_file(lt::file_index_t(0), "another name");
  leech.watched().waitForAlert("file_renamed");
  RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.waitForPieces(handle, 2);
  CHECK(leech.stores(torrent));
}
