#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "network_queue.h"
#include "storage_request.h"

namespace bae {

// What was asked of whoever keeps the bytes and is not settled yet, by numbers. Each reply is told once, on the network
// thread: how the request was settled, or that it was given up, at its deadline or with all others. One that was given up
// stays here, with what it lends, until it is settled. Any thread.
class OpenRequests {
 public:
  // Throws system_error where the system gives no thread to watch deadlines.
  explicit OpenRequests(std::chrono::milliseconds deadline);
  ~OpenRequests();

  // Without one nobody is told anything.
  void setNetworkQueue(std::shared_ptr<NetworkQueue> queue);

  // One that is about to be made. What there may be no memory for is done with it.
  class Prepared;
  static Prepared prepare(StorageRequest request, ReplyHandler reply);

  struct Numbered {
    // Never 0.
    std::uint32_t id;
    // It stays where it is until it is settled.
    StorageRequest const* request;
  };
  Numbered add(Prepared prepared) noexcept;
  // Instead of add(): it is aborted.
  void refuse(Prepared prepared) noexcept;

  // Ends those of `ids` that are open. `answer(request, reply)` completes the reply of each that somebody waits for, and
  // `before()` runs when that is done, while nobody has them yet; neither holds a lock, and `before` does not throw. Where
  // there is no memory for an answer the request has failed for that; where there is none to begin with it throws, and
  // all are open as before.
  template <typename Answer, typename Before>
  void settle(std::uint32_t const* ids, std::size_t count, Answer answer, Before before);

  // From now on nothing may wait longer than this.
  void limitDeadlines(std::chrono::milliseconds remaining);
  // Fails all of them; none is to be settled any more.
  void abort();

 private:
  using Clock = std::chrono::steady_clock;
  struct Open {
    StorageRequest request;
    // Empty once it is given up, or where nobody waits.
    ReplyHandler reply;
    Clock::time_point deadline;
  };
  using OpenById = std::map<std::uint32_t, Open>;
  using Answered = std::pair<ReplyHandler, StorageReply>;

  std::uint32_t nextId() noexcept;
  static StorageReply replyOf(StorageOutcome outcome);
  void tell(std::vector<Answered> replies) noexcept;
  void giveUp(std::uint32_t id, Open& open, StorageOutcome outcome) noexcept;
  void watchDeadlines();
  void giveUpExpired(Clock::time_point now);

  std::chrono::milliseconds const m_deadline;
  std::mutex m_mutex;
  std::shared_ptr<NetworkQueue> m_network;
  OpenById m_open;
  std::uint32_t m_lastId = 0;
  Clock::time_point m_closeBy = Clock::time_point::max();
  bool m_stopWatching = false;
  bool m_watcherIdle = false;
  std::condition_variable m_deadlinesChanged;
  std::thread m_watcher;
};

class OpenRequests::Prepared {
  friend class OpenRequests;
  OpenById::node_type m_node;
};

template <typename Answer, typename Before>
void OpenRequests::settle(std::uint32_t const* ids, std::size_t count, Answer answer, Before before) {
  std::vector<OpenById::node_type> ended;
  std::vector<Answered> replies;
  ended.reserve(count);
  replies.reserve(count);
  {
    std::lock_guard<std::mutex> lock(m_mutex);
    for (std::size_t i = 0; i < count; ++i) ended.push_back(m_open.extract(ids[i]));
  }
  for (auto& node : ended) {
    // Once given up, nobody waits.
    if (node.empty() || !node.mapped().reply) continue;
    StorageReply reply = replyOf(StorageOutcome::ok);
    try {
      answer(node.mapped().request, reply);
    } catch (std::bad_alloc const&) {
      reply = replyOf(StorageOutcome::outOfMemory);
    }
    reply.request = node.key();
    replies.emplace_back(std::move(node.mapped().reply), std::move(reply));
  }
  before();
  std::lock_guard<std::mutex> lock(m_mutex);
  tell(std::move(replies));
}

}  // namespace bae
