#include "network_queue.h"

#include <boost/asio/post.hpp>

namespace bae {

void NetworkQueue::post(UniqueTask task) {
  {
    std::lock_guard<std::mutex> lock(m_mutex);
    m_tasks.push_back(std::move(task));
    if (m_posted) return;
    m_posted = true;
  }
  boost::asio::post(m_io, [self = shared_from_this()] { self->drain(); });
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
