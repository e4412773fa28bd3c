#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "disk/storage_channel.h"

namespace bae::test {

// A call that the backend made, as the storage saw it.
struct Call {
  RequestKind kind;
  int storageIndex;
  int piece;
  int offset;
  int length;
  bool deleteData;
  std::string blockHashes;

  bool is(RequestKind other) const { return kind == other; }
};

enum class Plan {
  serve,
  // Until release(); what it was lent stays valid.
  hold,
  // Answered with `failure`.
  fail,
};

// Stands where JavaScript stands: keeps pieces in memory, answers on a thread of its own in the order of the calls, and
// holds or fails what a test tells it to. Any thread.
class FakeStorage final : public StorageChannel {
 public:
  FakeStorage();
  ~FakeStorage() override;

  void send(StorageRequest request, ReplyHandler reply) override;
  void setNetworkQueue(std::shared_ptr<NetworkQueue> queue) override;

  // Asked on the storage's thread for every call before it takes effect.
  void plan(std::function<Plan(Call const&)> plan);
  StorageOutcome failure = StorageOutcome::io;
  // What openStorage answers; set before a torrent is added.
  std::string havePieces;
  bool wantsBlockHashes = false;
  // Where it is set, no bytes are kept: those of a piece from `offset` on are always these, and only these are taken.
  std::function<std::string(int piece, int offset, int length)> content;

  // Held calls are served now, in their order, and later ones as `plan` says.
  void release();
  void releaseFirst();
  // Held calls are answered with `failure`.
  void failHeld();
  // The deadline of the held calls is over: they are answered, and keep what they were lent until release().
  void expire();

  // Bounded waits; they throw.
  void waitForCalls(RequestKind kind, std::size_t count);
  void waitForHeld(std::size_t count);

  std::vector<Call> calls() const;
  std::vector<Call> calls(RequestKind kind) const;
  std::size_t heldCount() const;

  // The bytes of one piece as they were written, and what is written before a test begins.
  std::string piece(int storageIndex, int piece) const;
  void put(int storageIndex, int piece, std::string bytes);
  // What held writes were lent, as it reads now.
  std::vector<std::string> lentBytes() const;
  // Every piece, of whatever storage, that was told complete.
  std::vector<int> completed() const;

 private:
  struct Item {
    StorageRequest request;
    ReplyHandler reply;
  };

  void run();
  void serve(Item item, Plan plan);
  StorageReply perform(StorageRequest const& request);
  StorageReply performWithoutKeeping(StorageRequest const& request) const;
  void answer(ReplyHandler reply, StorageReply value);
  static Call callOf(StorageRequest const& request);
  template <typename Condition>
  void waitUntil(char const* what, Condition condition);

  mutable std::mutex m_mutex;
  mutable std::condition_variable m_changed;
  std::shared_ptr<NetworkQueue> m_network;
  std::function<Plan(Call const&)> m_plan;
  std::deque<Item> m_queue;
  std::deque<Item> m_held;
  std::vector<Call> m_calls;
  std::map<std::pair<int, int>, std::string> m_pieces;
  std::vector<int> m_completed;
  bool m_stopping = false;
  std::thread m_thread;
};

}  // namespace bae::test
