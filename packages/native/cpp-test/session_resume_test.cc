#include <doctest/doctest.h>

#include <libtorrent/magnet_uri.hpp>

#include "harness/raw_peer.h"
#include "harness/session_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * 16384;

RawPeer::Serve honest(TestTorrent const& torrent) {
  return [&torrent](RawPeer::Request const& wanted) { return torrent.range(wanted.piece, wanted.offset, wanted.length); };
}

void claim(lt::add_torrent_params& params, int pieces, std::vector<int> const& have) {
  params.have_pieces.resize(pieces, false);
  for (int const piece : have) params.have_pieces.set_bit(lt::piece_index_t(piece));
}

// A storage that has these pieces of the first torrent, and says so.
void stock(FakeStorage& storage, TestTorrent const& torrent, std::vector<int> const& have) {
  std::string bits(std::size_t((torrent.pieces() + 7) / 8), '\0');
  for (int const piece : have) {
    bits[std::size_t(piece / 8)] = char(bits[std::size_t(piece / 8)] | (0x80 >> (piece % 8)));
    storage.put(0, piece, torrent.piece(piece));
  }
  storage.havePieces = bits;
}

std::vector<int> piecesOf(lt::torrent_handle const& handle) {
  std::vector<int> found;
  auto const pieces = handle.status(lt::torrent_handle::query_pieces).pieces;
  for (auto const piece : pieces.range()) {
    if (pieces[piece]) found.push_back(int(piece));
  }
  return found;
}

void waitForState(SessionHarness& harness, lt::torrent_handle const& handle, lt::torrent_status::state_t state) {
  harness.watched().waitUntil("a state of the torrent", [&] { return handle.status({}).state == state; });
}

}  // namespace

TEST_CASE("26 resume_instant: 100,000 claimed pieces are there at once, and nothing is read") {
  auto const torrent = torrentOfUnknownContent(100000, 16384);
  SessionHarness harness;
  harness.storage().havePieces = std::string(100000 / 8, '\xff');
  auto const handle = harness.add(torrent, [](lt::add_torrent_params& params) {
    params.have_pieces.resize(100000, true);
    params.flags |= lt::torrent_flags::no_verify_files;
  });
  waitForState(harness, handle, lt::torrent_status::seeding);
  CHECK(harness.storage().calls(RequestKind::readPiece).empty());
}

TEST_CASE("27 check_files_veto: what libtorrent claims and the storage does not is checked, and found out") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  SessionHarness harness;
  stock(harness.storage(), torrent, {0, 2, 5});
  auto const handle = harness.add(torrent, [&](lt::add_torrent_params& params) { claim(params, 8, {0, 1, 2, 5, 7}); });
  harness.watched().waitForAlert("torrent_checked");
  CHECK(harness.watched().alerted("fastresume_rejected") == 1);
  CHECK(piecesOf(handle) == std::vector<int>{0, 2, 5});
}

TEST_CASE("27 agreed: what both claim is believed without a check") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  SessionHarness harness;
  stock(harness.storage(), torrent, {0, 2, 5});
  auto const handle = harness.add(torrent, [&](lt::add_torrent_params& params) { claim(params, 8, {0, 2, 5}); });
  harness.watched().waitForAlert("torrent_checked");
  CHECK(piecesOf(handle) == std::vector<int>{0, 2, 5});
  CHECK(harness.storage().calls(RequestKind::readPiece).empty());
}

TEST_CASE("24 force_recheck: holes stay holes, wrong bytes become holes, and an empty storage is not read") {
  TestTorrent const torrent(Kind::hybrid, kPiece, 8 * kPiece);
  SessionHarness harness;
  stock(harness.storage(), torrent, {0, 1, 3, 6});
  auto const handle = harness.add(torrent, [&](lt::add_torrent_params& params) { claim(params, 8, {0, 1, 3, 6}); });
  harness.watched().waitForAlert("torrent_checked");
  auto wrong = torrent.piece(3);
  wrong[77] = char(wrong[77] ^ 1);
  harness.storage().put(0, 3, wrong);
  handle.force_recheck();
  harness.watched().waitUntil("the second check", [&] { return harness.watched().alerted("torrent_checked") == 2; });
  CHECK(piecesOf(handle) == std::vector<int>{0, 1, 6});
  for (auto const& call : harness.storage().calls(RequestKind::readPiece)) {
    CHECK((call.piece == 0 || call.piece == 1 || call.piece == 3 || call.piece == 6));
  }
}

TEST_CASE("25 hole_of_v2: a piece that is not there is not taken for one with the same bytes that was checked before it") {
  TestTorrent const torrent(Kind::v2, kPiece, {{4 * kPiece}}, kPiece);
  auto settings = quietSettings();
  // Few are asked for at once: libtorrent asks for the others with what it holds of these.
  settings.set_int(lt::settings_pack::checking_mem_usage, 1);
  SessionHarness harness(settings);
  stock(harness.storage(), torrent, {0, 1});
  auto const handle = harness.add(torrent, [&](lt::add_torrent_params& params) { claim(params, 4, {0, 1, 2, 3}); });
  harness.watched().waitForAlert("torrent_checked");
  CHECK(piecesOf(handle) == std::vector<int>{0, 1});
}

TEST_CASE("24 recheck_buffered: blocks that are still in memory are stored first, and not lost") {
  TestTorrent const torrent(Kind::v1, kPiece, 4 * kPiece);
  SessionHarness harness;
  auto const handle = harness.add(torrent);
  RawPeer const seed(harness.watched().endpoint(), *torrent.info, [&](RawPeer::Request const& wanted) -> std::optional<std::string> {
    // Of piece 0 one block never comes.
    if (wanted.piece == 0 && wanted.offset == 0) return std::nullopt;
    return torrent.range(wanted.piece, wanted.offset, wanted.length);
  });
  harness.waitForPieces(handle, 3);
  handle.force_recheck();
  harness.watched().waitForAlert("torrent_checked");
  harness.watched().waitUntil("the check", [&] { return harness.watched().alerted("torrent_checked") == 2; });
  CHECK(piecesOf(handle) == std::vector<int>{1, 2, 3});
  RawPeer const again(harness.watched().endpoint(), *torrent.info, honest(torrent));
  harness.waitForPieces(handle, 4);
  CHECK(harness.stores(torrent));
}

TEST_CASE("28 seed_mode: a piece is hashed before it is first sent, and a wrong one is found out") {
  TestTorrent const torrent(Kind::v1, kPiece, 4 * kPiece);
  SessionHarness harness;
  stock(harness.storage(), torrent, {0, 1, 2, 3});
  auto wrong = torrent.piece(2);
  wrong[9] = char(wrong[9] ^ 1);
  harness.storage().put(0, 2, wrong);
  auto const handle = harness.add(torrent, [](lt::add_torrent_params& params) { params.flags |= lt::torrent_flags::seed_mode; });
  waitForState(harness, handle, lt::torrent_status::seeding);
  RawPeer peer(harness.watched().endpoint(), *torrent.info);
  peer.request({0, 0, 16384});
  CHECK((peer.waitForPiece() == torrent.range(0, 0, 16384)));
  peer.request({2, 0, 16384});
  harness.watched().waitUntil("the wrong piece is gone", [&] { return piecesOf(handle) == std::vector<int>{0, 1, 3}; });
}

TEST_CASE("29 unfinished_pieces: a stopped session stores its half pieces, and only the rest comes again") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  SessionHarness harness;
  auto const handle = harness.add(torrent);
  {
    RawPeer const seed(harness.watched().endpoint(), *torrent.info, [&](RawPeer::Request const& wanted) -> std::optional<std::string> {
      if (wanted.offset == 0) return std::nullopt;
      return torrent.range(wanted.piece, wanted.offset, wanted.length);
    });
    harness.watched().waitUntil("three blocks", [&] { return handle.status({}).total_payload_download >= 3 * 16384; });
    handle.pause();
    harness.watched().waitForAlert("torrent_paused");
  }
  CHECK(harness.storage().piece(0, 0).size() == std::size_t(kPiece));
  handle.resume();
  int served = 0;
  RawPeer const again(harness.watched().endpoint(), *torrent.info, [&](RawPeer::Request const& wanted) {
    ++served;
    CHECK(wanted.offset == 0);
    return torrent.range(wanted.piece, wanted.offset, wanted.length);
  });
  harness.waitForPieces(handle, 1);
  CHECK(harness.stores(torrent));
  CHECK(served == 1);
}

TEST_CASE("30 magnet: the storage is made when the metadata is there, with the id it was added with") {
  for (auto const kind : {Kind::v1, Kind::hybrid, Kind::v2}) {
    TestTorrent const torrent(kind, kPiece, 3 * kPiece + 5);
    Seed seed(torrent);
    SessionHarness leech;
    lt::add_torrent_params link;
    // Of a hybrid torrent only the v1 hash: new_torrent() then reports one that nobody could know.
    link.info_hashes = kind == Kind::hybrid ? lt::info_hash_t(torrent.info->info_hashes().v1) : torrent.info->info_hashes();
    auto const handle = leech.addMagnet(lt::make_magnet_uri(link));
    CHECK(leech.storage().calls().empty());
    handle.connect_peer(seed.endpoint());
    leech.waitForPieces(handle, torrent.pieces());
    CHECK(leech.storage().calls(RequestKind::openStorage).size() == 1);
    CHECK((leech.storage().piece(0, 0) == torrent.piece(0)));
  }
}

TEST_CASE("30 magnet_removed: a magnet that goes before its metadata makes no storage") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  SessionHarness leech;
  auto const handle = leech.addMagnet(lt::make_magnet_uri(*torrent.info));
  leech.watched().session().remove_torrent(handle, lt::session::delete_files);
  leech.watched().waitForAlert("torrent_removed");
  CHECK(leech.storage().calls().empty());
}
