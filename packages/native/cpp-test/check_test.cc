#include <doctest/doctest.h>

#include "harness/disk_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * kBlockBytes;
constexpr auto kCheck = lt::disk_interface::volatile_read | lt::disk_interface::sequential_access;

std::string const kAllOfEight("\xff", 1);

void fill(DiskHarness& harness, TestTorrent const& torrent) {
  harness.storage().havePieces = kAllOfEight;
  for (int piece = 0; piece < torrent.pieces(); ++piece) harness.storage().put(0, piece, torrent.piece(piece));
}

Plan holdReads(Call const& call) { return call.is(RequestKind::readPiece) ? Plan::hold : Plan::serve; }

bool isAborted(HashAnswer const& answer) {
  return answer.error.ec == lt::error_code(boost::asio::error::operation_aborted);
}

}  // namespace

TEST_CASE("36 stop_while_checking: a stop ends the hashes of a check, and no others") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  DiskHarness harness;
  fill(harness, torrent);
  auto const index = harness.add(torrent);
  harness.storage().plan(holdReads);
  auto const checking = harness.hash(index, torrent, 0, kCheck);
  auto const verifying = harness.hash(index, torrent, 1);
  harness.storage().waitForHeld(2);
  auto const stopped = harness.stop(index);
  // Behind the stop, and so not of the check that it ended.
  auto const next = harness.hash(index, torrent, 2, kCheck);
  harness.storage().plan({});
  harness.storage().release();
  CHECK(isAborted(checking.wait()));
  CHECK(verifying.wait().v1 == torrent.info->hash_for_piece(lt::piece_index_t(1)));
  stopped.wait();
  CHECK(next.wait().v1 == torrent.info->hash_for_piece(lt::piece_index_t(2)));
}

TEST_CASE("24 recheck_while_writing: what is answered once a recheck was asked for is not believed, but stored and checked") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  harness.storage().plan([](Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; });
  auto const whole = harness.download(index, torrent, 0);
  auto const half = harness.write(index, 1, 0, torrent.range(1, 0, kBlockBytes));
  auto const checked = harness.check(index, nullptr);
  harness.storage().waitForHeld(2);
  harness.storage().plan({});
  harness.storage().release();
  CHECK(isAborted(whole.hash.wait()));
  for (auto const& write : whole.writes) {
    CHECK(write.answer.wait().ec == lt::error_code(boost::asio::error::operation_aborted));
  }
  CHECK(half.answer.wait().ec == lt::error_code(boost::asio::error::operation_aborted));
  CHECK((checked.wait().status == lt::status_t::need_full_check));
  auto const hash = harness.hash(index, torrent, 0, kCheck);
  CHECK(hash.wait().v1 == torrent.info->hash_for_piece(lt::piece_index_t(0)));
  CHECK(harness.download(index, torrent, 1).stored());
}

TEST_CASE("24 check_error: the first failure of a check is that of all its hashes, and never the end of a file") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  DiskHarness harness;
  fill(harness, torrent);
  auto const index = harness.add(torrent);
  harness.storage().failure = StorageOutcome::unavailable;
  harness.storage().plan(holdReads);
  auto const first = harness.hash(index, torrent, 0, kCheck);
  auto const second = harness.hash(index, torrent, 1, kCheck);
  harness.storage().waitForHeld(2);
  harness.storage().failHeld();
  for (auto const& answer : {first, second}) {
    CHECK(answer.wait().error.ec == boost::system::errc::resource_unavailable_try_again);
    CHECK(answer.wait().error.ec != boost::system::errc::no_such_file_or_directory);
    CHECK(answer.wait().error.file() >= lt::file_index_t(0));
  }
  harness.storage().plan({});
  CHECK(!harness.hash(index, torrent, 0, kCheck).wait().error);
}

TEST_CASE("24 check_error_at_once: a failed check answers when no hash of it is being made any more, and all of them at once") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  DiskHarness harness;
  fill(harness, torrent);
  auto const index = harness.add(torrent);
  harness.storage().failure = StorageOutcome::unavailable;
  harness.storage().plan([](Call const& call) {
    if (!call.is(RequestKind::readPiece) || call.piece == 2) return Plan::serve;
    return call.piece == 0 ? Plan::fail : Plan::hold;
  });
  auto const held = harness.hash(index, torrent, 1, kCheck);
  harness.storage().waitForHeld(1);
  auto const failed = harness.hash(index, torrent, 0, kCheck);
  harness.storage().waitForCalls(RequestKind::readPiece, 2);
  // Of no check: when it is answered, so would the failure have been.
  harness.hash(index, torrent, 2).wait();
  CHECK(!failed.arrived());
  harness.storage().release();
  for (auto const& answer : {failed, held}) {
    CHECK(answer.wait().error.ec == boost::system::errc::resource_unavailable_try_again);
  }
  harness.storage().plan({});
  CHECK(!harness.hash(index, torrent, 0, kCheck).wait().error);
}

TEST_CASE("24 check_damage: what the storage knows to be damaged is a piece to fetch, not an error") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  for (auto const outcome : {StorageOutcome::corrupt, StorageOutcome::notFound}) {
    DiskHarness harness;
    fill(harness, torrent);
    auto const index = harness.add(torrent);
    harness.storage().failure = outcome;
    harness.storage().plan([](Call const& call) { return call.piece == 3 ? Plan::fail : Plan::serve; });
    auto const damaged = harness.hash(index, torrent, 3, kCheck);
    CHECK(!damaged.wait().error);
    CHECK(damaged.wait().v1 == lt::sha1_hash());
  }
}

TEST_CASE("6 big_piece_check: a stored piece of 64 MiB is hashed in parts of at most 4 MiB") {
  int const bytes = 64 << 20;
  TestTorrent const torrent(Kind::hybrid, bytes, bytes + 5);
  DiskHarness harness;
  harness.storage().havePieces = std::string("\xc0", 1);
  for (int piece = 0; piece < 2; ++piece) harness.storage().put(0, piece, torrent.piece(piece));
  auto const index = harness.add(torrent);
  auto const hash = harness.hash(index, torrent, 0, kCheck);
  CHECK(hash.wait().v1 == torrent.info->hash_for_piece(lt::piece_index_t(0)));
  CHECK(hash.wait().v2.back() == sha256Of(torrent.range(0, bytes - kBlockBytes, kBlockBytes)));
  auto const reads = harness.storage().calls(RequestKind::readPiece);
  CHECK(reads.size() == 16);
  for (auto const& read : reads) CHECK(read.length == 4 << 20);
}

TEST_CASE("10 pad_files_v1: a piece that is all padding has its hash without a call, and counts as claimed") {
  TestTorrent const torrent(Kind::v1, kPiece, {{kPiece + 100, false}, {3 * kPiece, true}, {kPiece, false}});
  DiskHarness harness;
  auto const index = harness.add(torrent);
  for (auto const flags : {kCheck, lt::disk_job_flags_t{}}) {
    auto const hash = harness.hash(index, torrent, 2, flags);
    CHECK(hash.wait().v1 == torrent.info->hash_for_piece(lt::piece_index_t(2)));
  }
  CHECK((harness.read(index, 2, 5, 1000).wait().bytes(1000) == std::string(1000, '\0')));
  CHECK(!harness.write(index, 2, 0, std::string(std::size_t(kBlockBytes), 'x')).answer.wait());
  for (auto const& call : harness.storage().calls()) CHECK(call.is(RequestKind::openStorage));
  // Nothing else is there: no reason to hash anything.
  CHECK((harness.check(index, nullptr).wait().status == lt::status_t::no_error));
}

TEST_CASE("10 pad_partial: what a peer sends for padding is zeroes when it is read, hashed and stored") {
  TestTorrent const torrent(Kind::v1, kPiece, {{kBlockBytes + 100, false}, {kPiece - kBlockBytes - 100, true}, {kPiece, false}});
  DiskHarness harness;
  auto const index = harness.add(torrent);
  auto bytes = torrent.piece(0);
  for (int at = kBlockBytes + 100; at < kPiece; ++at) bytes[std::size_t(at)] = 'x';
  auto const first = harness.write(index, 0, kBlockBytes, bytes.substr(kBlockBytes, kBlockBytes));
  CHECK((harness.read(index, 0, kBlockBytes, kBlockBytes).wait().bytes(kBlockBytes) == torrent.range(0, kBlockBytes, kBlockBytes)));
  auto const second = harness.write(index, 0, 0, bytes.substr(0, kBlockBytes));
  auto const hash = harness.hash(index, torrent, 0);
  CHECK(hash.wait().v1 == torrent.info->hash_for_piece(lt::piece_index_t(0)));
  CHECK(!first.answer.wait());
  CHECK(!second.answer.wait());
  // The blocks that are all padding are not for JavaScript.
  CHECK((harness.storage().piece(0, 0) == torrent.range(0, 0, 2 * kBlockBytes)));
}

TEST_CASE("11 one_block_hash: async_hash2 is the leaf of one block, and of no block that is not there") {
  TestTorrent const torrent(Kind::v2, kPiece, kPiece + kBlockBytes + 7);
  DiskHarness harness;
  harness.storage().havePieces = std::string("\xc0", 1);
  for (int piece = 0; piece < 2; ++piece) harness.storage().put(0, piece, torrent.piece(piece));
  auto const index = harness.add(torrent);
  auto const ask = [&](int piece, int offset) {
    std::promise<std::pair<lt::sha256_hash, bool>> answer;
    harness.onNetwork([&] {
      harness.disk().async_hash2(index, lt::piece_index_t(piece), offset, {},
                                 [&](lt::piece_index_t, lt::sha256_hash const& leaf, lt::storage_error const& error) {
                                   answer.set_value({leaf, bool(error)});
                                 });
    });
    return answer.get_future().get();
  };
  CHECK(ask(0, kBlockBytes).first == sha256Of(torrent.range(0, kBlockBytes, kBlockBytes)));
  CHECK(ask(1, kBlockBytes).first == sha256Of(torrent.range(1, kBlockBytes, 7)));
  CHECK(ask(1, 2 * kBlockBytes).second);
  CHECK(ask(7, 0).second);
}

TEST_CASE("2 unasked_ranges: a read outside the piece, or longer than a block, is refused") {
  TestTorrent const torrent(Kind::v1, kPiece, kPiece + 100);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  auto const refused = [&](int piece, int offset, int length) {
    auto const read = harness.read(index, piece, offset, length);
    return read.wait().error.ec == lt::error_code(lt::errors::invalid_request);
  };
  CHECK(refused(0, kPiece - 10, 20));
  CHECK(refused(1, 90, 11));
  CHECK(refused(2, 0, 1));
  CHECK(refused(-1, 0, 1));
  CHECK(refused(0, -1, 10));
  CHECK(refused(0, 0, 0));
  CHECK(refused(0, 0, kBlockBytes + 1));
  CHECK(harness.storage().calls(RequestKind::readPiece).empty());
}

TEST_CASE("read_once: a volatile read is not remembered, and reads only what was asked for") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  DiskHarness harness;
  fill(harness, torrent);
  auto const index = harness.add(torrent);
  for (int turn = 0; turn < 2; ++turn) {
    auto const read = harness.read(index, 0, 0, kBlockBytes, lt::disk_interface::volatile_read);
    CHECK((read.wait().bytes(kBlockBytes) == torrent.range(0, 0, kBlockBytes)));
  }
  auto const reads = harness.storage().calls(RequestKind::readPiece);
  CHECK(reads.size() == 2);
  for (auto const& read : reads) CHECK(read.length == kBlockBytes);
}

TEST_CASE("17 open_fails: what needs an unopened storage fails with its error, and the next asks to open again") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  DiskHarness harness;
  harness.storage().failure = StorageOutcome::accessDenied;
  harness.storage().plan([](Call const& call) { return call.is(RequestKind::openStorage) ? Plan::fail : Plan::serve; });
  auto const index = harness.add(torrent);
  CHECK(harness.read(index, 0, 0, 100).wait().error.ec == boost::system::errc::permission_denied);
  auto const download = harness.download(index, torrent, 0);
  CHECK(!download.stored());
  CHECK(download.writes[0].answer.wait().ec == boost::system::errc::permission_denied);
  auto const half = harness.write(index, 1, 0, torrent.range(1, 0, kBlockBytes));
  harness.stop(index).wait();
  CHECK(half.answer.wait().ec == boost::system::errc::permission_denied);
  CHECK(harness.storage().calls(RequestKind::writePiece).empty());
  CHECK(harness.storage().calls(RequestKind::readPiece).empty());
  harness.storage().plan({});
  CHECK(harness.download(index, torrent, 0).stored());
}

TEST_CASE("6 many_read_back: when much is being read back for hashes already, the parts are small") {
  int const pieceBytes = 4 << 20;
  int const pieces = 10;
  TestTorrent const torrent(Kind::v1, pieceBytes, std::int64_t(pieces) * pieceBytes);
  DiskHarness harness;
  harness.storage().havePieces = std::string(2, '\xff');
  harness.storage().content = [&](int piece, int offset, int length) { return torrent.range(piece, offset, length); };
  harness.storage().plan([](Call const& call) { return call.is(RequestKind::readPiece) ? Plan::hold : Plan::serve; });
  auto const index = harness.add(torrent);
  std::vector<Answer<HashAnswer>> hashes;
  for (int piece = 0; piece < pieces; ++piece) {
    hashes.push_back(harness.hash(index, torrent, piece, lt::disk_interface::volatile_read));
  }
  harness.storage().waitForHeld(std::size_t(pieces));
  auto const calls = harness.storage().calls(RequestKind::readPiece);
  for (std::size_t i = 0; i < calls.size(); ++i) CHECK(calls[i].length == (i < 8 ? pieceBytes : 256 * 1024));
  harness.storage().plan({});
  harness.storage().release();
  for (int piece = 0; piece < pieces; ++piece) {
    CHECK(hashes[std::size_t(piece)].wait().v1 == torrent.info->hash_for_piece(lt::piece_index_t(piece)));
  }
}
