#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "unique_function.h"

namespace bae {

// One thread that hashes, so that the network thread never does. One is enough for a gigabyte a second, and
// it keeps the jobs of a piece in order without a lock.
class HasherThread {
 public:
  HasherThread();
  // Runs what is queued, then joins.
  ~HasherThread();

  void post(UniqueTask task);

 private:
  void run();

  std::mutex m_mutex;
  std::condition_variable m_wake;
  std::vector<UniqueTask> m_tasks;
  // It sleeps, and has to be woken.
  bool m_idle = false;
  bool m_stopping = false;
  std::thread m_thread;
};

}  // namespace bae
