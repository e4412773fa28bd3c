#pragma once
#include <libtorrent/performance_counters.hpp>

#include <boost/asio/executor_work_guard.hpp>

#include <chrono>
#include <memory>

#include "disk_budget.h"
#include "half_pieces.h"
#include "hasher_thread.h"
#include "network_queue.h"
#include "read_cache.h"
#include "storage_channel.h"

namespace bae {

class Stopwatch {
 public:
  std::int64_t microseconds() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - m_start).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point m_start = Clock::now();
};

// Jobs of libtorrent that have no answer yet.
struct JobCounts {
  int reads = 0;
  int writes = 0;
  int hashes = 0;
};

// What all storages of one session share. Every storage holds it, so it lives until the last one is closed;
// the work guard in it keeps libtorrent's io_context running until then, or the last answers would never run.
// Network thread only, but for the queue and the hasher.
struct DiskServices : std::enable_shared_from_this<DiskServices> {
  static constexpr std::int64_t kReadCacheBytes = std::int64_t(32) << 20;

  struct Limits {
    std::int64_t pendingWriteBytes;
    std::int64_t halfPieceBytes;
  };

  DiskServices(lt::io_context& io, std::shared_ptr<StorageChannel> toJs, Limits limits, lt::counters& stats)
      : channel(std::move(toJs)),
        network(std::make_shared<NetworkQueue>(io)),
        budget(limits.pendingWriteBytes),
        halfPieces(limits.halfPieceBytes),
        counters(stats),
        work(io.get_executor()) {}

  // Counts bytes that wait for JavaScript, until the last copy of what it returns is gone: with the answer, or where
  // that was given up, when JavaScript lets go of what it was lent. Copies may die on any thread.
  std::shared_ptr<void> countPending(std::int64_t bytes);
  // A copy of bytes that have to wait; counted as long as it lives. Throws bad_alloc.
  PieceMemory copyPending(char const* bytes, int length);

  // Asks JavaScript for a range of a piece, and counts that.
  void read(int storageIndex, int piece, PieceRange range, PieceMemory into, ReplyHandler reply);

  std::shared_ptr<StorageChannel> channel;
  std::shared_ptr<NetworkQueue> network;
  HasherThread hasher;
  DiskBudget budget;
  HalfPieces halfPieces;
  ReadCache readCache{kReadCacheBytes};
  // What was read back for hashes, and is not hashed yet.
  std::int64_t readBackBytes = 0;
  JobCounts jobs;
  lt::counters& counters;
  boost::asio::executor_work_guard<lt::io_context::executor_type> work;
};

}  // namespace bae
