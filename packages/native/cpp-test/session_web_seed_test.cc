#include <doctest/doctest.h>

#include "harness/raw_peer.h"
#include "harness/session_harness.h"
#include "harness/web_server.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * 16384;

RawPeer::Serve honest(TestTorrent const& torrent) {
  return [&torrent](RawPeer::Request const& wanted) { return torrent.range(wanted.piece, wanted.offset, wanted.length); };
}

// Of a piece that is all padding nothing is stored.
bool storesFiles(SessionHarness& harness, TestTorrent const& torrent) {
  auto const& files = torrent.info->orig_files();
  for (auto const file : files.file_range()) {
    if (files.pad_file_at(file)) continue;
    for (std::int64_t at = 0; at < files.file_size(file); at += 16384) {
      int const length = int(std::min<std::int64_t>(16384, files.file_size(file) - at));
      auto const place = files.map_file(file, at, length);
      auto const stored = harness.storage().piece(0, int(place.piece));
      // What reaches over the end of a piece is looked at with the next one's.
      auto const within = std::min(length, torrent.pieceBytes(int(place.piece)) - place.start);
      if (stored.size() < std::size_t(place.start + within)) return false;
      if (stored.substr(std::size_t(place.start), std::size_t(within)) != torrent.range(int(place.piece), place.start, within)) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("46 web_seed: pieces from a web server are stored as those of peers are") {
  struct Layout {
    Kind kind;
    std::vector<TestFile> files;
  };
  Layout const layouts[] = {
      {Kind::v1, {{5 * kPiece + 12345}}},
      {Kind::v1, {{kPiece + 100}, {3 * kPiece - 100, true}, {kPiece + 5}}},
      {Kind::v2, {{3 * kPiece + 1}, {20000}, {1}}},
      {Kind::hybrid, {{3 * kPiece + 1}, {20000}, {0}, {1}}},
  };
  for (auto const& [kind, files] : layouts) {
    TestTorrent const torrent(kind, kPiece, files);
    WebServer const server(webFilesOf(torrent));
    SessionHarness leech;
    auto const handle = leech.add(torrent);
    auto const isSingle = files.size() == 1;
    handle.add_url_seed(isSingle ? server.url() + "file" : server.url());
    leech.waitForPieces(handle, torrent.pieces());
    CHECK(storesFiles(leech, torrent));
    CHECK(server.answered() > 0);
  }
}

TEST_CASE("46 web_seed_corrupt: wrong bytes of a web server never reach JavaScript, and peers finish the torrent") {
  TestTorrent const torrent(Kind::v1, kPiece, 4 * kPiece);
  auto files = webFilesOf(torrent);
  for (auto& byte : files.begin()->second) byte = char(byte ^ 1);
  WebServer const server(files);
  SessionHarness leech;
  auto const handle = leech.add(torrent);
  handle.add_url_seed(server.url() + "file");
  leech.watched().waitForAlert("hash_failed");
  CHECK(leech.storage().calls(RequestKind::writePiece).empty());
  handle.remove_url_seed(server.url() + "file");
  RawPeer const seed(leech.watched().endpoint(), *torrent.info, honest(torrent));
  leech.waitForPieces(handle, 4);
  CHECK(leech.stores(torrent));
}
