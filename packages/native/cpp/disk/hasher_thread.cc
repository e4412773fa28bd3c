#include "hasher_thread.h"

namespace bae {

HasherThread::HasherThread() : m_thread([this] { run(); }) {}

HasherThread::~HasherThread() {
  {
    std::lock_guard<std::mutex> lock(m_mutex);
    m_stopping = true;
    m_wake.notify_one();
  }
  m_thread.join();
}

void HasherThread::post(UniqueTask task) {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_tasks.push_back(std::move(task));
  if (m_idle) m_wake.notify_one();
}

void HasherThread::run() {
  std::unique_lock<std::mutex> lock(m_mutex);
  for (;;) {
    m_idle = true;
    m_wake.wait(lock, [this] { return m_stopping || !m_tasks.empty(); });
    m_idle = false;
    if (m_tasks.empty()) return;
    std::vector<UniqueTask> tasks;
    tasks.swap(m_tasks);
    lock.unlock();
    for (auto& task : tasks) task();
    lock.lock();
  }
}

}  // namespace bae
