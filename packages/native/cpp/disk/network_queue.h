#pragma once
#include <libtorrent/fwd.hpp>
#include <libtorrent/io_context.hpp>

#include <memory>
#include <mutex>
#include <vector>

#include "unique_function.h"

namespace bae {

// The way onto libtorrent's network thread, from any thread. At most one message is posted at a time:
// whatever gathers until it runs is drained together, so a finished piece costs one wake-up and not one
// for each of its blocks.
class NetworkQueue : public std::enable_shared_from_this<NetworkQueue> {
 public:
  explicit NetworkQueue(lt::io_context& io) : m_io(io) {}

  void post(UniqueTask task);
  // By itself, so after all that was asked of libtorrent before: its own calls are messages too.
  void postInOrder(UniqueTask task);

 private:
  void drain();

  lt::io_context& m_io;
  std::mutex m_mutex;
  std::vector<UniqueTask> m_tasks;
  bool m_posted = false;
};

}  // namespace bae
