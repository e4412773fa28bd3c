#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "harness/disk_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * kBlockBytes;

Plan holdWrites(Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; }

std::int64_t residentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t pages = 0;
  statm >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

// Where the padding of a piece stands.
struct Padding {
  std::vector<TestFile> files;
  int payloadBytes;
};

std::string digestOf(std::string const& bytes) { return sha256Of(bytes).to_string(); }

// Of the blocks of files that are wholly in [start, start + length) of the torrent.
std::string fileBlockDigests(TestTorrent const& torrent, std::vector<TestFile> const& files, std::int64_t start, int length) {
  std::string digests;
  std::int64_t fileStart = 0;
  for (auto const& file : files) {
    auto const fileEnd = fileStart + file.bytes;
    for (auto block = fileStart; block < fileEnd && !file.padding; block += kBlockBytes) {
      auto const end = std::min(block + kBlockBytes, fileEnd);
      if (block < start || end > start + length) continue;
      digests += digestOf(torrent.content.substr(std::size_t(block), std::size_t(end - block)));
    }
    fileStart = fileEnd;
  }
  return digests;
}

}  // namespace

TEST_CASE("10 pad_end: the blocks of padding that end a piece are neither written nor asked for, and are right for libtorrent") {
  Padding const paddings[] = {
      {{{100}, {kPiece - 100, true}, {kPiece}}, kBlockBytes},
      {{{kBlockBytes}, {kPiece - kBlockBytes, true}, {kPiece}}, kBlockBytes},
      // Of several files of padding, with one between them that is empty.
      {{{2 * kBlockBytes + 1}, {kBlockBytes - 1, true}, {0}, {kBlockBytes, true}, {kPiece}}, 3 * kBlockBytes},
      // That goes on with the next piece.
      {{{kBlockBytes}, {2 * kPiece - kBlockBytes, true}, {1}}, kBlockBytes},
      // In a piece that is shorter than the others.
      {{{5}, {kBlockBytes, true}}, kBlockBytes},
      // Between blocks of one piece: all of them go together.
      {{{100}, {2 * kBlockBytes, true}, {kBlockBytes}, {kBlockBytes - 100, true}, {1}}, kPiece},
  };
  for (auto const& [files, payloadBytes] : paddings) {
    TestTorrent const torrent(Kind::v1, kPiece, files);
    DiskHarness harness;
    auto const index = harness.add(torrent);
    auto const download = harness.download(index, torrent, 0);
    CHECK(download.stored());
    CHECK(download.hash.wait().v1 == torrent.info->hash_for_piece(lt::piece_index_t(0)));
    CHECK((harness.storage().piece(0, 0) == torrent.range(0, 0, payloadBytes)));
    CHECK(harness.storage().calls(RequestKind::writePiece).size() == 1);
    auto const again = harness.hash(index, torrent, 0, lt::disk_interface::volatile_read);
    CHECK(again.wait().v1 == torrent.info->hash_for_piece(lt::piece_index_t(0)));
    // Also where a read begins before the padding.
    for (int offset = 0; offset < torrent.pieceBytes(0); offset += kBlockBytes / 2) {
      int const length = std::min(kBlockBytes, torrent.pieceBytes(0) - offset);
      CHECK((harness.read(index, 0, offset, length).wait().bytes(length) == torrent.range(0, offset, length)));
    }
    for (auto const& call : harness.storage().calls(RequestKind::readPiece)) CHECK(call.offset + call.length <= payloadBytes);
  }
}

TEST_CASE("10 pad_unflushed: padding that ends a piece is read as zeroes while its other blocks are in memory") {
  TestTorrent const torrent(Kind::v1, kPiece, {{kBlockBytes + 100}, {kPiece - kBlockBytes - 100, true}, {kPiece}});
  DiskHarness harness;
  auto const index = harness.add(torrent);
  auto const write = harness.write(index, 0, kBlockBytes, torrent.range(0, kBlockBytes, kBlockBytes));
  for (int const offset : {kBlockBytes, kBlockBytes + 50, 2 * kBlockBytes, 3 * kBlockBytes}) {
    int const length = std::min(kBlockBytes, kPiece - offset);
    CHECK((harness.read(index, 0, offset, length).wait().bytes(length) == torrent.range(0, offset, length)));
  }
  CHECK(harness.storage().calls(RequestKind::readPiece).empty());
}

TEST_CASE("10 pad_block_hashes: JavaScript has the digests of the blocks of files, the last without the padding after it") {
  for (auto const kind : {Kind::v1, Kind::hybrid}) {
    for (int const bytes : {2 * kBlockBytes, kBlockBytes + 100}) {
      // v2 pads by itself.
      std::vector<TestFile> files{{bytes}, {kPiece}};
      if (kind == Kind::v1) files.insert(files.begin() + 1, {kPiece - bytes, true});
      TestTorrent const torrent(kind, kPiece, files);
      DiskHarness harness;
      harness.storage().wantsBlockHashes = true;
      auto const index = harness.add(torrent);
      CHECK(harness.download(index, torrent, 0).stored());
      auto const calls = harness.storage().calls(RequestKind::writePiece);
      REQUIRE(calls.size() == 1);
      CHECK(calls[0].length == 2 * kBlockBytes);
      auto const second = torrent.range(0, kBlockBytes, bytes - kBlockBytes);
      CHECK((calls[0].blockHashes == digestOf(torrent.range(0, 0, kBlockBytes)) + digestOf(second)));
    }
  }
}

TEST_CASE("10 pad_file_blocks: the blocks of a file are counted from where it begins, and those that two pieces share have no digest") {
  int const pieceBytes = 64 * kBlockBytes;
  std::vector<TestFile> const files{{pieceBytes / 2 + 5}, {0}, {9}, {40 * kBlockBytes + 700}, {300, true}, {2 * pieceBytes + 1}, {77}};
  TestTorrent const torrent(Kind::v1, pieceBytes, files);
  DiskHarness harness;
  harness.storage().wantsBlockHashes = true;
  auto const index = harness.add(torrent);
  for (int piece = 0; piece < torrent.pieces(); ++piece) CHECK(harness.download(index, torrent, piece).stored());
  auto const calls = harness.storage().calls(RequestKind::writePiece);
  REQUIRE(int(calls.size()) == torrent.pieces());
  for (auto const& call : calls) {
    CAPTURE(call.piece);
    CHECK((call.blockHashes == fileBlockDigests(torrent, files, call.piece * pieceBytes, call.length)));
  }
}

TEST_CASE("10 pad_half_file_blocks: of a piece that was not in memory as a whole no digests of blocks that are cut anywhere") {
  TestTorrent const torrent(Kind::v1, kPiece, {{100}, {kPiece - 100}});
  DiskHarness harness;
  harness.storage().wantsBlockHashes = true;
  auto const index = harness.add(torrent);
  auto const early = harness.write(index, 0, kBlockBytes, torrent.range(0, kBlockBytes, kBlockBytes));
  harness.stop(index).wait();
  CHECK(!early.answer.wait());
  CHECK(harness.download(index, torrent, 0).stored());
  for (auto const& call : harness.storage().calls(RequestKind::writePiece)) {
    if (call.length < kPiece) CHECK(call.blockHashes == "");
  }
}

TEST_CASE("33 pad_counts: padding between blocks takes memory, and holds peers back as blocks do") {
  int const pieceBytes = 64 * kBlockBytes;
  TestTorrent const torrent(Kind::v1, pieceBytes, {{kBlockBytes}, {62 * kBlockBytes, true}, {kBlockBytes}});
  SUBCASE("of a piece that is whole") {
    DiskHarness harness({pieceBytes / 2 - 1, std::int64_t(64) << 20});
    auto const index = harness.add(torrent);
    harness.storage().plan(holdWrites);
    CHECK(!harness.write(index, 0, 0, torrent.range(0, 0, kBlockBytes)).exceeded);
    CHECK(harness.write(index, 0, 63 * kBlockBytes, torrent.range(0, 63 * kBlockBytes, kBlockBytes)).exceeded);
    harness.storage().waitForHeld(1);
    harness.storage().release();
  }
  SUBCASE("of half a piece") {
    DiskHarness harness({std::int64_t(16) << 20, 2 * kBlockBytes});
    auto const index = harness.add(torrent);
    // More than half pieces may take: it goes to JavaScript, and is answered without the other block.
    CHECK(!harness.write(index, 0, 0, torrent.range(0, 0, kBlockBytes)).answer.wait());
  }
}

TEST_CASE("6 pad_memory: pieces that end with padding take the memory of their blocks") {
  int const pieceBytes = 64 * kBlockBytes;
  constexpr int kPieces = 64;
  TestTorrent const torrent(Kind::v2, pieceBytes, std::vector<TestFile>(kPieces, {kBlockBytes}));
  DiskHarness harness;
  auto const index = harness.add(torrent);
  harness.storage().plan(holdWrites);
  auto const before = residentBytes();
  std::vector<WriteCall> writes;
  for (int piece = 0; piece < kPieces; ++piece) writes.push_back(harness.write(index, piece, 0, torrent.range(piece, 0, kBlockBytes)));
  harness.storage().waitForHeld(kPieces);
  // All pieces are 64 MiB, of which up to 32 may have been lying about.
  CHECK(residentBytes() - before < std::int64_t(16) << 20);
  harness.storage().release();
  for (auto const& write : writes) CHECK(!write.answer.wait());
}
