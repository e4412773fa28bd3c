#include <doctest/doctest.h>

#include "harness/disk_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * kBlockBytes;

Plan holdWrites(Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; }

std::int64_t updated(DiskHarness& harness, int counter) {
  harness.onNetwork([&] { harness.disk().update_stats_counters(harness.counters()); });
  return harness.counters()[counter];
}

}  // namespace

TEST_CASE("45 stats: after 64 MiB in and out the counters are what was done") {
  int const pieces = 64;
  int const bytes = 64 * kBlockBytes;
  int const blocks = pieces * 64;
  TestTorrent const torrent(Kind::hybrid, bytes, std::int64_t(pieces) * bytes);
  DiskHarness harness({std::int64_t(1) << 30, std::int64_t(64) << 20});
  auto const index = harness.add(torrent);
  for (int piece = 0; piece < pieces; ++piece) CHECK(harness.download(index, torrent, piece).stored());
  auto& counters = harness.counters();
  CHECK(counters[lt::counters::num_blocks_written] == blocks);
  CHECK(counters[lt::counters::num_write_ops] == pieces);
  CHECK(counters[lt::counters::num_blocks_hashed] == blocks);
  CHECK(counters[lt::counters::num_read_back] == 0);
  for (int piece = 0; piece < pieces; ++piece) {
    for (int block = 0; block < 64; ++block) harness.read(index, piece, block * kBlockBytes, kBlockBytes).wait();
  }
  CHECK(counters[lt::counters::num_blocks_read] == blocks);
  CHECK(counters[lt::counters::num_read_ops] == std::int64_t(harness.storage().calls(RequestKind::readPiece).size()));
  harness.hash(index, torrent, 0, lt::disk_interface::volatile_read).wait();
  CHECK(counters[lt::counters::num_read_back] == 64);
  CHECK(counters[lt::counters::num_blocks_hashed] == blocks + 64);
  for (int const time : {lt::counters::disk_hash_time, lt::counters::disk_write_time, lt::counters::disk_read_time,
                         lt::counters::disk_job_time}) {
    CHECK(counters[time] > 0);
  }
  harness.drainNetwork();
  for (int const gauge : {lt::counters::num_running_disk_jobs, lt::counters::blocked_disk_jobs, lt::counters::num_jobs,
                          lt::counters::num_read_jobs, lt::counters::num_write_jobs, lt::counters::queued_disk_jobs,
                          lt::counters::disk_blocks_in_use, lt::counters::num_fenced_write}) {
    CHECK(updated(harness, gauge) == 0);
  }
}

TEST_CASE("45 stats_while_waiting: gauges count what waits for JavaScript and what waits for a fence") {
  TestTorrent const torrent(Kind::v1, kPiece, 4 * kPiece);
  DiskHarness harness;
  auto const index = harness.add(torrent);
  harness.storage().plan(holdWrites);
  auto const download = harness.download(index, torrent, 0);
  harness.storage().waitForHeld(1);
  auto const half = harness.write(index, 1, 0, torrent.range(1, 0, kBlockBytes));
  CHECK(updated(harness, lt::counters::num_write_jobs) == 5);
  CHECK(updated(harness, lt::counters::num_jobs) == 6);
  CHECK(updated(harness, lt::counters::num_running_disk_jobs) == 6);
  CHECK(updated(harness, lt::counters::disk_blocks_in_use) == 5);
  auto const stopped = harness.stop(index);
  auto const behind = harness.write(index, 2, 0, torrent.range(2, 0, kBlockBytes));
  auto const read = harness.read(index, 3, 0, 100);
  CHECK(updated(harness, lt::counters::blocked_disk_jobs) == 3);
  CHECK(updated(harness, lt::counters::queued_disk_jobs) == 3);
  CHECK(updated(harness, lt::counters::num_fenced_stop_torrent) == 1);
  CHECK(updated(harness, lt::counters::num_fenced_write) == 1);
  CHECK(updated(harness, lt::counters::num_fenced_read) == 1);
  CHECK(updated(harness, lt::counters::num_read_jobs) == 1);
  harness.storage().plan({});
  harness.storage().release();
  stopped.wait();
  read.wait();
  harness.stop(index).wait();
  CHECK(!behind.answer.wait());
  CHECK(!half.answer.wait());
  CHECK(download.stored());
  harness.drainNetwork();
  CHECK(updated(harness, lt::counters::blocked_disk_jobs) == 0);
  CHECK(updated(harness, lt::counters::num_jobs) == 0);
}

TEST_CASE("33 lent_counts: memory that JavaScript keeps after its deadline still holds peers back") {
  TestTorrent const torrent(Kind::v1, kPiece, 8 * kPiece);
  DiskHarness harness({2 * kPiece, std::int64_t(1) << 20});
  auto const index = harness.add(torrent);
  harness.storage().plan(holdWrites);
  auto const first = harness.download(index, torrent, 0);
  auto const second = harness.download(index, torrent, 1);
  harness.storage().waitForHeld(2);
  harness.storage().expire();
  CHECK(!first.stored());
  CHECK(!second.stored());
  harness.drainNetwork();
  auto const observer = std::make_shared<Observer>();
  CHECK(harness.write(index, 2, 0, torrent.range(2, 0, kBlockBytes), observer).exceeded);
  harness.drainNetwork();
  CHECK(observer->told == 0);
  harness.storage().plan({});
  harness.storage().release();
  auto const end = std::chrono::steady_clock::now() + kWaitLimit;
  while (observer->told == 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    harness.drainNetwork();
  }
  CHECK(observer->told == 1);
}

TEST_CASE("33 spill_counts: parts of half pieces hold peers back while JavaScript is lent them") {
  TestTorrent const torrent(Kind::v1, kPiece, 64 * kPiece);
  DiskHarness harness({4 * kBlockBytes, kBlockBytes});
  auto const index = harness.add(torrent);
  harness.storage().plan(holdWrites);
  auto const observer = std::make_shared<Observer>();
  std::vector<WriteCall> writes;
  for (int piece = 0; piece < 8; ++piece) {
    // Each write but the first sends the part before it on its way.
    if (piece == 7) harness.storage().waitForHeld(6);
    writes.push_back(harness.write(index, piece, 0, torrent.range(piece, 0, kBlockBytes), observer));
  }
  CHECK(!writes.front().exceeded);
  CHECK(writes.back().exceeded);
  harness.storage().plan({});
  harness.storage().release();
  for (int piece = 0; piece < 7; ++piece) CHECK(!writes[std::size_t(piece)].answer.wait());
  harness.drainNetwork();
  CHECK(observer->told > 0);
}
