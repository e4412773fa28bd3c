#include "storage_fence.h"

namespace bae {

void StorageFence::shared(UniqueTask start) {
  m_backlog.push_back({std::move(start), false});
  startWhatMay();
}

void StorageFence::exclusive(UniqueTask start) {
  m_backlog.push_back({std::move(start), true});
  ++m_exclusiveWaiting;
  startWhatMay();
}

void StorageFence::finished(int jobs) {
  m_running -= jobs;
  if (m_running == 0) m_exclusiveRunning = false;
  startWhatMay();
}

void StorageFence::startWhatMay() {
  // Starting a job may add another or finish one; the loop below sees it, so the calls need not nest.
  if (m_starting) return;
  m_starting = true;
  while (!m_backlog.empty() && !m_exclusiveRunning) {
    if (m_backlog.front().exclusive) {
      if (m_running > 0) break;
      m_exclusiveRunning = true;
      --m_exclusiveWaiting;
    }
    UniqueTask start = std::move(m_backlog.front().start);
    m_backlog.pop_front();
    ++m_running;
    start();
  }
  m_starting = false;
}

}  // namespace bae
