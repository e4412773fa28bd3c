#pragma once
#include <deque>

#include "unique_function.h"

namespace bae {

// The order of the jobs of one storage, as libtorrent's own disk back-ends keep it: shared jobs (read, write,
// hash) run together; an exclusive one (check, stop, release, delete, ...) waits for all before it and holds
// all after it. Every job that is started ends with one call of finished(). Network thread only.
class StorageFence {
 public:
  void shared(UniqueTask start);
  void exclusive(UniqueTask start);
  // A job that needs no turn, as it belongs to one that is running.
  void began() { ++m_running; }
  void finished(int jobs = 1);

  bool exclusiveWaits() const { return m_exclusiveWaiting > 0; }
  // A shared job would be started within the call of shared().
  bool open() const { return m_backlog.empty() && !m_exclusiveRunning && !m_starting; }

 private:
  struct Job {
    UniqueTask start;
    bool exclusive;
  };
  void startWhatMay();

  std::deque<Job> m_backlog;
  int m_running = 0;
  int m_exclusiveWaiting = 0;
  bool m_exclusiveRunning = false;
  bool m_starting = false;
};

}  // namespace bae
