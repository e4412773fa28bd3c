#include <doctest/doctest.h>

#include <algorithm>

#include "harness/session_harness.h"

using namespace bae;
using namespace bae::test;

namespace {
constexpr int kPiece = 4 * 16384;
}

TEST_CASE("session: torrents of every kind, with and without padding, arrive as they are") {
  struct Layout {
    Kind kind;
    std::vector<TestFile> files;
  };
  Layout const layouts[] = {
      {Kind::v1, {{10 * kPiece + 12345}}},
      {Kind::v2, {{10 * kPiece + 12345}}},
      {Kind::hybrid, {{10 * kPiece + 12345}}},
      {Kind::v2, {{1}, {kPiece}, {0}, {3 * kPiece + 1}, {20000}}},
      {Kind::hybrid, {{1}, {kPiece}, {0}, {3 * kPiece + 1}, {20000}}},
      // A last block that is partly, blocks that are wholly and a piece that is only padding.
      {Kind::v1, {{kPiece + 100}, {3 * kPiece - 100, true}, {kPiece + 5}}},
      {Kind::v1, {{kPiece}, {kPiece, true}}},
  };
  for (auto const& [kind, files] : layouts) {
    TestTorrent const torrent(kind, kPiece, files);
    Seed seed(torrent);
    SessionHarness leech;
    auto const handle = leech.add(torrent);
    handle.connect_peer(seed.endpoint());
    leech.waitForPieces(handle, torrent.pieces());
    auto const& layout = torrent.info->orig_files();
    bool right = true;
    for (auto const file : layout.file_range()) {
      if (layout.pad_file_at(file)) continue;
      for (auto at = layout.file_offset(file); at < layout.file_offset(file) + layout.file_size(file); ++at) {
        auto const piece = leech.storage().piece(0, int(at / kPiece));
        auto const place = std::size_t(at % kPiece);
        if (place >= piece.size() || piece[place] != torrent.content[std::size_t(at)]) right = false;
        at += 997;
      }
    }
    CHECK(right);
    // A piece that is all padding is nothing to JavaScript.
    int withBytes = 0;
    for (int piece = 0; piece < torrent.pieces(); ++piece) {
      auto const slices = layout.map_block(lt::piece_index_t(piece), 0, torrent.pieceBytes(piece));
      withBytes += std::any_of(slices.begin(), slices.end(), [&](auto const& slice) { return !layout.pad_file_at(slice.file_index); });
    }
    leech.storage().waitForCalls(RequestKind::completePiece, std::size_t(withBytes));
    CHECK(leech.storage().completed().size() == std::size_t(withBytes));
  }
}
