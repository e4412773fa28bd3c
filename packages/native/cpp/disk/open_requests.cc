#include "open_requests.h"

#include <algorithm>

namespace bae {

OpenRequests::OpenRequests(std::chrono::milliseconds deadline)
    : m_deadline(deadline), m_watcher([this] { watchDeadlines(); }) {}

OpenRequests::~OpenRequests() {
  {
    std::lock_guard<std::mutex> lock(m_mutex);
    m_stopWatching = true;
  }
  m_deadlinesChanged.notify_one();
  m_watcher.join();
}

void OpenRequests::setNetworkQueue(std::shared_ptr<NetworkQueue> queue) {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_network = std::move(queue);
}

OpenRequests::Prepared OpenRequests::prepare(StorageRequest request, ReplyHandler reply) {
  OpenById one;
  one.emplace(0, Open{std::move(request), std::move(reply), {}});
  Prepared prepared;
  prepared.m_node = one.extract(one.begin());
  return prepared;
}

OpenRequests::Numbered OpenRequests::add(Prepared prepared) noexcept {
  std::lock_guard<std::mutex> lock(m_mutex);
  auto& node = prepared.m_node;
  node.key() = nextId();
  node.mapped().deadline = std::min(Clock::now() + m_deadline, m_closeBy);
  auto const added = m_open.insert(m_open.end(), std::move(node));
  if (m_watcherIdle) m_deadlinesChanged.notify_one();
  return {added->first, &added->second.request};
}

// The numbers come round again, and one that was never settled may still be there then.
std::uint32_t OpenRequests::nextId() noexcept {
  do {
    ++m_lastId;
  } while (m_lastId == 0 || m_open.count(m_lastId) > 0);
  return m_lastId;
}

void OpenRequests::refuse(Prepared prepared) noexcept {
  std::lock_guard<std::mutex> lock(m_mutex);
  giveUp(0, prepared.m_node.mapped(), StorageOutcome::aborted);
}

StorageReply OpenRequests::replyOf(StorageOutcome outcome) {
  StorageReply reply;
  reply.outcome = outcome;
  return reply;
}

// With the mutex held, as the next. A reply that is lost would be waited for until the end of time: without memory for
// the message the process ends, as it would in libtorrent.
void OpenRequests::tell(std::vector<Answered> replies) noexcept {
  if (replies.empty() || !m_network) return;
  m_network->post([replies = std::move(replies)]() mutable {
    for (auto& [reply, answer] : replies) reply(std::move(answer));
  });
}

void OpenRequests::giveUp(std::uint32_t id, Open& open, StorageOutcome outcome) noexcept {
  auto reply = std::move(open.reply);
  if (!reply || !m_network) return;
  auto answer = replyOf(outcome);
  answer.request = id;
  m_network->post([reply = std::move(reply), answer = std::move(answer)]() mutable { reply(std::move(answer)); });
}

void OpenRequests::limitDeadlines(std::chrono::milliseconds remaining) {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_closeBy = std::min(m_closeBy, Clock::now() + remaining);
  for (auto& [id, open] : m_open) open.deadline = std::min(open.deadline, m_closeBy);
  m_deadlinesChanged.notify_one();
}

void OpenRequests::abort() {
  // What they hold dies when the mutex is free again.
  OpenById aborted;
  std::lock_guard<std::mutex> lock(m_mutex);
  for (auto& [id, open] : m_open) giveUp(id, open, StorageOutcome::aborted);
  aborted.swap(m_open);
}

void OpenRequests::watchDeadlines() {
  std::unique_lock<std::mutex> lock(m_mutex);
  while (!m_stopWatching) {
    auto next = Clock::time_point::max();
    for (auto const& [id, open] : m_open) {
      if (open.reply) next = std::min(next, open.deadline);
    }
    if (next == Clock::time_point::max()) {
      m_watcherIdle = true;
      m_deadlinesChanged.wait(lock);
      m_watcherIdle = false;
    } else if (m_deadlinesChanged.wait_until(lock, next) == std::cv_status::timeout) {
      giveUpExpired(Clock::now());
    }
  }
}

// With the mutex held.
void OpenRequests::giveUpExpired(Clock::time_point now) {
  bool const closing = m_closeBy != Clock::time_point::max();
  for (auto& [id, open] : m_open) {
    if (open.deadline <= now) giveUp(id, open, closing ? StorageOutcome::aborted : StorageOutcome::timedOut);
  }
}

}  // namespace bae
