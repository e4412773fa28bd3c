#include "hasher_thread.h"

#include <chrono>

namespace bae {
namespace {

// Pieces of a MiB come in it at 200 MiB a second: what is slower costs little, hashed one by one.
constexpr std::chrono::milliseconds kPairWait{5};

template <typename Work>
std::int64_t microsecondsOf(Work const& work) {
  auto const start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start).count();
}

void hashOne(HashTask& task) {
  task.done(microsecondsOf([&task] { task.hasher->update(task.bytes, task.length); }));
}

void hashBoth(HashTask& a, HashTask& b) {
  auto const took = microsecondsOf([&] { PieceHasher::updateBoth(*a.hasher, a.bytes, *b.hasher, b.bytes, a.length); });
  a.done(took / 2);
  b.done(took / 2);
}

void hashAll(std::vector<HashTask>& tasks) {
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    bool const isPair =
        i + 1 < tasks.size() && tasks[i].isWhole() && tasks[i + 1].isWhole() && tasks[i].length == tasks[i + 1].length;
    if (isPair) {
      hashBoth(tasks[i], tasks[i + 1]);
      ++i;
    } else {
      hashOne(tasks[i]);
    }
  }
}

}  // namespace

HasherThread::HasherThread() : m_thread([this] { run(); }) {}

HasherThread::~HasherThread() {
  {
    std::lock_guard<std::mutex> lock(m_mutex);
    m_stopping = true;
    m_wake.notify_one();
  }
  m_thread.join();
}

void HasherThread::post(HashTask task) {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_tasks.push_back(std::move(task));
  if (m_idle) m_wake.notify_one();
}

void HasherThread::waitForTasks(std::unique_lock<std::mutex>& lock) {
  m_idle = true;
  m_wake.wait(lock, [this] { return m_stopping || !m_tasks.empty(); });
  if (m_comeQuickly && m_tasks.size() == 1 && m_tasks.front().isWhole()) {
    m_wake.wait_for(lock, kPairWait, [this] { return m_stopping || m_tasks.size() > 1; });
  }
  m_idle = false;
}

void HasherThread::run() {
  std::unique_lock<std::mutex> lock(m_mutex);
  for (;;) {
    waitForTasks(lock);
    if (m_tasks.empty()) return;
    std::vector<HashTask> tasks;
    tasks.swap(m_tasks);
    lock.unlock();
    hashAll(tasks);
    lock.lock();
    m_comeQuickly = tasks.size() > 1 || !m_tasks.empty();
  }
}

}  // namespace bae
