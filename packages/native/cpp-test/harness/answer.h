#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace bae::test {

// Every wait of a test has this end. Valgrind is fifty times slower than the machine.
inline std::chrono::seconds const kWaitLimit{std::getenv("BAE_SLOW_TESTS") != nullptr ? 300 : 60};

// What became of one handler that was given to the backend. libtorrent relies on three things: it runs once, on the
// network thread, and is destroyed there.
struct HandlerFate {
  std::string what;
  std::mutex mutex;
  std::condition_variable changed;
  int runs = 0;
  // Counts all handlers of the process: which of two ran first.
  int turn = 0;
  bool destroyed = false;
  // The call threw: its handler shall die and never run.
  bool refused = false;
  std::thread::id ranOn;
  std::thread::id destroyedOn;

  // Empty when all is as it must be.
  std::string complaint(std::thread::id network) {
    std::lock_guard<std::mutex> lock(mutex);
    if (runs != (refused ? 0 : 1)) return what + ": its handler ran " + std::to_string(runs) + " times";
    if (!destroyed) return what + ": its handler was never destroyed";
    if (!refused && ranOn != network) return what + ": its handler ran off the network thread";
    if (destroyedOn != network) return what + ": its handler was destroyed off the network thread";
    return {};
  }
};

// Dies with the last copy of a handler, as the torrent or the peer in one of libtorrent's would.
class HandlerToken {
 public:
  explicit HandlerToken(std::shared_ptr<HandlerFate> fate) : m_fate(std::move(fate)) {}
  ~HandlerToken() {
    std::lock_guard<std::mutex> lock(m_fate->mutex);
    m_fate->destroyed = true;
    m_fate->destroyedOn = std::this_thread::get_id();
    m_fate->changed.notify_all();
  }

 private:
  std::shared_ptr<HandlerFate> m_fate;
};

inline int nextTurn() {
  static std::atomic<int> turns{0};
  return ++turns;
}

// The answer to one call, for the thread of the test.
template <typename Value>
class Answer {
 public:
  Answer(std::shared_ptr<HandlerFate> fate) : m_fate(std::move(fate)), m_value(std::make_shared<std::optional<Value>>()) {}

  bool arrived() const {
    std::lock_guard<std::mutex> lock(m_fate->mutex);
    return m_fate->runs > 0;
  }

  Value& wait() const {
    std::unique_lock<std::mutex> lock(m_fate->mutex);
    if (!m_fate->changed.wait_for(lock, kWaitLimit, [this] { return m_fate->runs > 0; })) {
      throw std::runtime_error(m_fate->what + ": no answer in time");
    }
    return **m_value;
  }

  void refuse() const {
    std::lock_guard<std::mutex> lock(m_fate->mutex);
    m_fate->refused = true;
  }

  // Larger than that of every handler that ran before. After wait().
  int turn() const {
    std::lock_guard<std::mutex> lock(m_fate->mutex);
    return m_fate->turn;
  }

  // The body of the handler: to be run on the network thread.
  std::function<void(Value)> taker() const {
    auto const token = std::make_shared<HandlerToken>(m_fate);
    return [fate = m_fate, value = m_value, token](Value taken) {
      std::lock_guard<std::mutex> lock(fate->mutex);
      ++fate->runs;
      fate->turn = nextTurn();
      fate->ranOn = std::this_thread::get_id();
      *value = std::move(taken);
      fate->changed.notify_all();
    };
  }

 private:
  std::shared_ptr<HandlerFate> m_fate;
  std::shared_ptr<std::optional<Value>> m_value;
};

}  // namespace bae::test
