#include <doctest/doctest.h>

#include "harness/disk_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * kBlockBytes;
constexpr int kMebibyte = 1 << 20;

// A harness whose storage has all pieces of the torrent.
struct Seed {
  explicit Seed(TestTorrent const& torrent) {
    harness.storage().havePieces = std::string(std::size_t((torrent.pieces() + 7) / 8), '\xff');
    for (int piece = 0; piece < torrent.pieces(); ++piece) harness.storage().put(0, piece, torrent.piece(piece));
    index = harness.add(torrent);
    harness.check(index, nullptr).wait();
  }
  DiskHarness harness;
  lt::storage_index_t index{0};
};

std::size_t readsOf(DiskHarness& harness) { return harness.storage().calls(RequestKind::readPiece).size(); }

bool readsRight(DiskHarness& harness, TestTorrent const& torrent, int piece, int offset, int length) {
  auto const read = harness.read(lt::storage_index_t{0}, piece, offset, length);
  auto& answer = read.wait();
  return !answer.error && answer.bytes(length) == torrent.range(piece, offset, length);
}

}  // namespace

TEST_CASE("2 unaligned_read_two_blocks: a read across two blocks is put together from memory and from JavaScript") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece);
  auto const straddle = [&](bool firstStored, bool secondStored) {
    DiskHarness harness;
    auto const index = harness.add(torrent);
    std::vector<WriteCall> writes;
    auto const put = [&](int block) {
      writes.push_back(harness.write(index, 0, block * kBlockBytes, torrent.range(0, block * kBlockBytes, kBlockBytes)));
    };
    if (firstStored) put(0);
    if (secondStored) put(1);
    // Half a piece goes to JavaScript when the storage is to be released.
    CHECK(harness.releaseFiles(index).wait());
    for (auto const& write : writes) CHECK(!write.answer.wait());
    if (!firstStored) put(0);
    if (!secondStored) put(1);
    CHECK(readsRight(harness, torrent, 0, kBlockBytes - 100, 8000));
    CHECK((readsOf(harness) > 0) == (firstStored || secondStored));
  };
  SUBCASE("both in memory") { straddle(false, false); }
  SUBCASE("only the first in memory") { straddle(false, true); }
  SUBCASE("only the second in memory") { straddle(true, false); }
  SUBCASE("none in memory") { straddle(true, true); }
}

TEST_CASE("7 single_byte_torrent: one byte is a piece, a hash and a read") {
  for (auto const kind : {Kind::v1, Kind::v2, Kind::hybrid}) {
    TestTorrent const torrent(kind, kBlockBytes, 1);
    DiskHarness harness;
    auto const index = harness.add(torrent);
    auto const download = harness.download(index, torrent, 0);
    CHECK(download.stored());
    if (kind != Kind::v2) CHECK(download.hash.wait().v1 == sha1Of(torrent.content));
    if (kind != Kind::v1) CHECK(download.hash.wait().v2.at(0) == sha256Of(torrent.content.substr(0, 1)));
    CHECK(readsRight(harness, torrent, 0, 0, 1));
    CHECK((harness.storage().piece(0, 0) == torrent.content));
  }
}

TEST_CASE("8 zero_byte_files: files without bytes are in nobody's way") {
  TestTorrent const torrent(Kind::v1, kBlockBytes, {{0}, {5}, {0}, {20000}, {0}});
  DiskHarness harness;
  auto const index = harness.add(torrent);
  for (int piece = 0; piece < torrent.pieces(); ++piece) {
    CHECK(harness.download(index, torrent, piece).stored());
    CHECK((harness.storage().piece(0, piece) == torrent.piece(piece)));
    CHECK(readsRight(harness, torrent, piece, 0, torrent.pieceBytes(piece)));
  }
}

TEST_CASE("9 short_last_piece: a last piece of one block and one byte") {
  for (auto const kind : {Kind::v1, Kind::v2, Kind::hybrid}) {
    TestTorrent const torrent(kind, kPiece, kPiece + kBlockBytes + 1);
    DiskHarness harness;
    auto const index = harness.add(torrent);
    auto const download = harness.download(index, torrent, 1);
    CHECK(download.stored());
    auto const writes = harness.storage().calls(RequestKind::writePiece);
    REQUIRE(writes.size() == 1);
    // Where the pieces of v2 are padded, the padding of the last block comes along.
    CHECK(writes[0].length == (torrent.pieceBytes(1) == kPiece ? 2 * kBlockBytes : kBlockBytes + 1));
    if (kind != Kind::v1) {
      REQUIRE(download.hash.wait().v2.size() == 2);
      CHECK(download.hash.wait().v2[1] == sha256Of(torrent.range(1, kBlockBytes, 1)));
    }
    CHECK(readsRight(harness, torrent, 1, kBlockBytes, 1));
  }
}

TEST_CASE("11 hybrid: both digests come from one pass, the first with padding, the second without") {
  TestTorrent const torrent(Kind::hybrid, kPiece, {{kPiece + 100}, {3 * kBlockBytes + 7}});
  DiskHarness harness;
  auto const index = harness.add(torrent);
  for (int piece = 0; piece < torrent.pieces(); ++piece) {
    auto const download = harness.download(index, torrent, piece);
    CHECK(download.stored());
    auto const& answer = download.hash.wait();
    CHECK(answer.v1 == torrent.info->hash_for_piece(lt::piece_index_t(piece)));
    int const ownBytes = torrent.info->orig_files().piece_size2(lt::piece_index_t(piece));
    REQUIRE(int(answer.v2.size()) == (ownBytes + kBlockBytes - 1) / kBlockBytes);
    for (int block = 0; block < int(answer.v2.size()); ++block) {
      int const offset = block * kBlockBytes;
      CHECK(answer.v2[std::size_t(block)] == sha256Of(torrent.range(piece, offset, std::min(kBlockBytes, ownBytes - offset))));
    }
  }
}

TEST_CASE("single_flight: however many peers want a stored piece, it is fetched once") {
  TestTorrent const torrent(Kind::v1, kMebibyte, kMebibyte);
  Seed seed(torrent);
  seed.harness.storage().plan([](Call const& call) { return call.is(RequestKind::readPiece) ? Plan::hold : Plan::serve; });
  std::vector<Answer<ReadAnswer>> reads;
  for (int peer = 0; peer < 50; ++peer) reads.push_back(seed.harness.read(seed.index, 0, peer * kBlockBytes, kBlockBytes));
  seed.harness.storage().waitForHeld(1);
  seed.harness.drainNetwork();
  CHECK(seed.harness.storage().heldCount() == 1);
  seed.harness.storage().release();
  for (int peer = 0; peer < 50; ++peer) {
    CHECK((reads[std::size_t(peer)].wait().bytes(kBlockBytes) == torrent.range(0, peer * kBlockBytes, kBlockBytes)));
  }
  CHECK(readsOf(seed.harness) == 1);
}

TEST_CASE("read_ahead: the blocks after the first are there without a call, until others need the memory") {
  int const pieces = 40;
  TestTorrent const torrent(Kind::v1, kMebibyte, std::int64_t(pieces) * kMebibyte);
  Seed seed(torrent);
  CHECK(readsRight(seed.harness, torrent, 0, 0, kBlockBytes));
  for (int block = 1; block < 64; ++block) CHECK(readsRight(seed.harness, torrent, 0, block * kBlockBytes, kBlockBytes));
  CHECK(readsOf(seed.harness) == 1);
  for (int piece = 1; piece < pieces; ++piece) CHECK(readsRight(seed.harness, torrent, piece, 0, kBlockBytes));
  CHECK(readsRight(seed.harness, torrent, 0, 0, kBlockBytes));
  CHECK(readsOf(seed.harness) == std::size_t(pieces) + 1);
}

TEST_CASE("20 read_error_peer: every waiting reader is told of a failed read, and the next one asks again") {
  TestTorrent const torrent(Kind::v1, kMebibyte, kMebibyte);
  Seed seed(torrent);
  seed.harness.storage().plan([](Call const& call) { return call.is(RequestKind::readPiece) ? Plan::hold : Plan::serve; });
  auto const first = seed.harness.read(seed.index, 0, 0, kBlockBytes);
  auto const second = seed.harness.read(seed.index, 0, kBlockBytes, kBlockBytes);
  seed.harness.storage().waitForHeld(1);
  seed.harness.drainNetwork();
  seed.harness.storage().plan({});
  seed.harness.storage().failHeld();
  for (auto const& read : {first, second}) {
    CHECK(read.wait().error);
    CHECK(int(read.wait().error.file()) >= 0);
    CHECK(!read.wait().block);
  }
  CHECK(readsRight(seed.harness, torrent, 0, 0, kBlockBytes));
}

TEST_CASE("25 missing_piece_not_eof: at a check a piece that is not there has a wrong hash, not an error") {
  for (auto const kind : {Kind::v1, Kind::v2}) {
    TestTorrent const torrent(kind, kPiece, 3 * kPiece);
    DiskHarness harness;
    harness.storage().havePieces = "\xa0";
    harness.storage().put(0, 0, torrent.piece(0));
    harness.storage().put(0, 2, torrent.piece(2));
    auto const index = harness.add(torrent);
    CHECK(harness.check(index, nullptr).wait().status == lt::status_t::need_full_check);
    for (int piece = 0; piece < 3; ++piece) {
      auto const hash = harness.hash(index, torrent, piece, lt::disk_interface::volatile_read | lt::disk_interface::sequential_access);
      CHECK(!hash.wait().error);
      if (kind == Kind::v1) CHECK((hash.wait().v1 == sha1Of(torrent.piece(piece))) == (piece != 1));
      if (kind == Kind::v2) {
        CHECK(hash.wait().v2[0] == (piece == 1 ? lt::sha256_hash() : sha256Of(torrent.range(piece, 0, kBlockBytes))));
      }
    }
    for (auto const& call : harness.storage().calls(RequestKind::readPiece)) CHECK(call.piece != 1);
  }
}

TEST_CASE("38 buffers_outlive_disk: a block that is still being sent outlives the backend") {
  TestTorrent const torrent(Kind::v1, kMebibyte, kMebibyte);
  lt::disk_buffer_holder kept;
  {
    Seed seed(torrent);
    auto const read = seed.harness.read(seed.index, 0, kBlockBytes, kBlockBytes);
    kept = std::move(read.wait().block);
    seed.harness.shutDown();
  }
  // Whoever wants memory now gets other memory.
  auto const other = BufferPool::instance().piece(kMebibyte);
  std::fill_n(other.get(), kMebibyte, 'x');
  CHECK((std::string(kept.data(), kBlockBytes) == torrent.range(0, kBlockBytes, kBlockBytes)));
}

TEST_CASE("read_ahead_under_way: what is being fetched is fetched once, and takes no more than the budget") {
  int const pieceBytes = 1 << 20;
  int const pieces = 40;
  auto const inBudget = std::size_t(DiskServices::kReadCacheBytes / pieceBytes);
  TestTorrent const torrent(Kind::v1, pieceBytes, std::int64_t(pieces) * pieceBytes);
  DiskHarness harness;
  harness.storage().havePieces = std::string(pieces / 8, '\xff');
  harness.storage().content = [&](int piece, int offset, int length) { return torrent.range(piece, offset, length); };
  harness.storage().plan([](Call const& call) { return call.is(RequestKind::readPiece) ? Plan::hold : Plan::serve; });
  auto const index = harness.add(torrent);
  std::vector<Answer<ReadAnswer>> reads;
  for (int piece = 0; piece < pieces; ++piece) reads.push_back(harness.read(index, piece, 0, kBlockBytes));
  harness.storage().waitForHeld(std::size_t(pieces));
  auto const again = harness.read(index, 0, kBlockBytes, kBlockBytes);
  harness.drainNetwork();
  auto const calls = harness.storage().calls(RequestKind::readPiece);
  REQUIRE(calls.size() == std::size_t(pieces));
  for (std::size_t i = 0; i < calls.size(); ++i) CHECK(calls[i].length == (i < inBudget ? pieceBytes : kBlockBytes));
  harness.storage().release();
  for (int piece = 0; piece < pieces; ++piece) {
    CHECK((reads[std::size_t(piece)].wait().bytes(kBlockBytes) == torrent.range(piece, 0, kBlockBytes)));
  }
  CHECK((again.wait().bytes(kBlockBytes) == torrent.range(0, kBlockBytes, kBlockBytes)));
}

TEST_CASE("read_while_replaced: what is read while blocks are replaced is not what later readers get") {
  TestTorrent const torrent(Kind::v2, kPiece, kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  std::string wrong = torrent.piece(0);
  std::fill_n(wrong.begin(), kBlockBytes, 'x');
  CHECK(harness.download(index, torrent, 0, wrong).stored());
  CHECK(harness.clear(index, 0).wait() == 0);
  harness.storage().plan([](Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; });
  auto const replaced = harness.write(index, 0, 0, torrent.range(0, 0, kBlockBytes));
  auto const hash = harness.hash(index, torrent, 0);
  harness.storage().waitForHeld(1);
  CHECK(!harness.read(index, 0, kBlockBytes, kBlockBytes).wait().error);
  harness.storage().plan({});
  harness.storage().release();
  CHECK(!replaced.answer.wait());
  CHECK(!hash.wait().error);
  CHECK((harness.read(index, 0, 0, kBlockBytes).wait().bytes(kBlockBytes) == torrent.range(0, 0, kBlockBytes)));
}
