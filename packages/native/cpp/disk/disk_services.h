#pragma once
#include <libtorrent/performance_counters.hpp>

#include <boost/asio/executor_work_guard.hpp>

#include <memory>

#include "disk_budget.h"
#include "half_pieces.h"
#include "hasher_thread.h"
#include "storage_channel.h"
#include "network_queue.h"
#include "read_cache.h"

namespace bae {

// What all storages of one session share. Every storage holds it, so it lives until the last one is closed;
// the work guard in it keeps libtorrent's io_context running until then, or the last answers would never run.
struct DiskServices {
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

  std::shared_ptr<StorageChannel> channel;
  std::shared_ptr<NetworkQueue> network;
  HasherThread hasher;
  DiskBudget budget;
  HalfPieces halfPieces;
  ReadCache readCache{kReadCacheBytes};
  lt::counters& counters;
  boost::asio::executor_work_guard<lt::io_context::executor_type> work;
};

}  // namespace bae
