#pragma once
#include <libtorrent/performance_counters.hpp>

#include <boost/asio/executor_work_guard.hpp>

#include <memory>

#include "disk_budget.h"
#include "hasher_thread.h"
#include "js_channel.h"
#include "network_queue.h"

namespace bae {

// What all storages of one session share. Every storage holds it, so it lives until the last one is closed;
// the work guard in it keeps libtorrent's io_context running until then, or the last answers would never run.
struct DiskServices {
  DiskServices(lt::io_context& io, std::shared_ptr<JsChannel> toJs, std::int64_t maxPendingWriteBytes,
               lt::counters& stats)
      : channel(std::move(toJs)),
        network(std::make_shared<NetworkQueue>(io)),
        budget(maxPendingWriteBytes),
        counters(stats),
        work(io.get_executor()) {}

  std::shared_ptr<JsChannel> channel;
  std::shared_ptr<NetworkQueue> network;
  HasherThread hasher;
  DiskBudget budget;
  lt::counters& counters;
  boost::asio::executor_work_guard<lt::io_context::executor_type> work;
};

}  // namespace bae
