#pragma once
#include <libtorrent/performance_counters.hpp>

#include <deque>

#include "unique_function.h"

namespace bae {

// The order of the jobs of one storage, as libtorrent's own disk back-ends keep it: shared jobs (read, write,
// hash) run together; an exclusive one (check, stop, release, delete, ...) waits for all before it and holds
// all after it. Every job that is started ends with one call of finished(). Network thread only.
class StorageFence {
 public:
  static constexpr int kNoGauge = -1;

  // Where jobs are counted while they wait and run; null: nowhere.
  explicit StorageFence(lt::counters* counters = nullptr) : m_counters(counters) {}

  // `gauge` is libtorrent's number of waiting jobs of this kind. What `start` throws goes on to the caller, and
  // the job is taken for one that never was.
  void shared(UniqueTask start, int gauge = kNoGauge);
  void exclusive(UniqueTask start, int gauge = kNoGauge);
  // A job that needs no turn, as it belongs to one that is running.
  void began() { countRunning(1); }
  void finished(int jobs = 1);

  bool exclusiveWaits() const { return m_exclusiveWaiting > 0; }
  // A shared job would be started within the call of shared().
  bool open() const { return m_backlog.empty() && !m_exclusiveRunning && !m_starting; }
  int running() const { return m_running; }
  int waiting() const { return int(m_backlog.size()); }

 private:
  struct Job {
    UniqueTask start;
    bool exclusive;
    int gauge;
  };
  void add(Job job);
  void startWhatMay();
  void startFirst();
  void countRunning(int jobs);
  void countWaiting(Job const& job, int change);

  lt::counters* m_counters;
  std::deque<Job> m_backlog;
  int m_running = 0;
  int m_exclusiveWaiting = 0;
  bool m_exclusiveRunning = false;
  bool m_starting = false;
};

}  // namespace bae
