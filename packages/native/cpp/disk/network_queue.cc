#include "network_queue.h"

#include <boost/asio/post.hpp>

namespace bae {

void NetworkQueue::post(UniqueTask task) {
  std::lock_guard<std::mutex> lock(m_mutex);
  // First: where there is no memory for it, the task is still the caller's.
  if (!m_posted) boost::asio::post(m_io, [self = shared_from_this()] { self->drain(); });
  m_posted = true;
  m_tasks.push_back(std::move(task));
}

void NetworkQueue::postInOrder(UniqueTask task) {
  boost::asio::post(m_io, [task = std::move(task)]() mutable { task(); });
}

void NetworkQueue::drain() {
  std::vector<UniqueTask> tasks;
  {
    std::lock_guard<std::mutex> lock(m_mutex);
    tasks.swap(m_tasks);
    m_posted = false;
  }
  for (auto& task : tasks) task();
}

}  // namespace bae
