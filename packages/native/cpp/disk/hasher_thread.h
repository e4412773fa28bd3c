#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "piece_digest.h"
#include "unique_function.h"

namespace bae {

// Bytes of a piece that are to be hashed, which stay where they are until `done` runs. It runs on the hashing thread, with the
// microseconds that it took.
struct HashTask {
  PieceHasher* hasher = nullptr;
  // Null stands for zeroes.
  char const* bytes = nullptr;
  int length = 0;
  UniqueFunction<std::int64_t> done;

  bool isWhole() const { return hasher->isWhole(bytes, length); }
};

// One thread that hashes, so that the network thread never does. One is enough for a gigabyte a second, and
// it keeps the jobs of a piece in order without a lock. Whole pieces that wait together are hashed two at a time, which
// takes little longer than one; where pieces come quickly one waits a moment for the next.
class HasherThread {
 public:
  HasherThread();
  // Runs what is queued, then joins.
  ~HasherThread();

  void post(HashTask task);

 private:
  void run();
  // With the lock held.
  void waitForTasks(std::unique_lock<std::mutex>& lock);

  std::mutex m_mutex;
  std::condition_variable m_wake;
  std::vector<HashTask> m_tasks;
  // It sleeps, and has to be woken.
  bool m_idle = false;
  // The last time there were two, or the next one came while one was hashed.
  bool m_comeQuickly = false;
  bool m_stopping = false;
  std::thread m_thread;
};

}  // namespace bae
