#include "storage_fence.h"

namespace bae {

void StorageFence::shared(UniqueTask start, int gauge) { add({std::move(start), false, gauge}); }

void StorageFence::exclusive(UniqueTask start, int gauge) { add({std::move(start), true, gauge}); }

void StorageFence::add(Job job) {
  m_backlog.push_back(std::move(job));
  if (m_backlog.back().exclusive) ++m_exclusiveWaiting;
  countWaiting(m_backlog.back(), 1);
  startWhatMay();
}

void StorageFence::finished(int jobs) {
  countRunning(-jobs);
  if (m_running == 0) m_exclusiveRunning = false;
  startWhatMay();
}

void StorageFence::startWhatMay() {
  // Starting a job may add another or finish one; the loop below sees it, so the calls need not nest.
  if (m_starting) return;
  struct Starting {
    explicit Starting(bool& is) : flag(is) { flag = true; }
    ~Starting() { flag = false; }
    bool& flag;
  } const starting(m_starting);
  while (!m_backlog.empty() && !m_exclusiveRunning) {
    if (m_backlog.front().exclusive && m_running > 0) break;
    startFirst();
  }
}

void StorageFence::startFirst() {
  Job job = std::move(m_backlog.front());
  m_backlog.pop_front();
  countWaiting(job, -1);
  if (job.exclusive) {
    m_exclusiveRunning = true;
    --m_exclusiveWaiting;
  }
  countRunning(1);
  try {
    job.start();
  } catch (...) {
    countRunning(-1);
    if (job.exclusive) m_exclusiveRunning = false;
    throw;
  }
}

void StorageFence::countRunning(int jobs) {
  m_running += jobs;
  if (m_counters) m_counters->inc_stats_counter(lt::counters::num_running_disk_jobs, jobs);
}

void StorageFence::countWaiting(Job const& job, int change) {
  if (!m_counters) return;
  m_counters->inc_stats_counter(lt::counters::blocked_disk_jobs, change);
  if (job.gauge != kNoGauge) m_counters->inc_stats_counter(job.gauge, change);
}

}  // namespace bae
