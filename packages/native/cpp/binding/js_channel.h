#pragma once
#include <napi.h>

#include <chrono>
#include <map>
#include <mutex>
#include <vector>

#include "disk/open_requests.h"
#include "disk/storage_channel.h"

namespace bae {

// The one ordered way from C++ to JavaScript and back. Requests are numbered and handed over in batches, in
// the order they were sent; JavaScript settles each number once, in any order. A request that is not settled
// by its deadline is failed; its lent memory still waits for JavaScript. Owned by the session.
class JsChannel final : public StorageChannel {
 public:
  struct Options {
    std::chrono::milliseconds deadline;
  };

  // JavaScript thread. `dispatch(numbers, values, alertsWaiting, closed)` is called on it for each batch, which
  // src/request-batch.ts reads.
  JsChannel(Napi::Env env, Napi::Function dispatch, Options options);
  ~JsChannel() override;

  void send(StorageRequest request, ReplyHandler reply) override;
  void setNetworkQueue(std::shared_ptr<NetworkQueue> queue) override;
  // Any thread: libtorrent has alerts.
  void alertsWaiting();

  // JavaScript thread.
  struct Settlement {
    StorageOutcome outcome = StorageOutcome::ok;
    Napi::Value bytes;
    bool wantsBlockHashes = false;
    bool offersDigests = false;
  };
  // Ends requests, all in the same way. What was lent to them comes back, also when they were given up long ago; a
  // second time changes nothing.
  void settle(std::uint32_t const* ids, std::size_t count, Settlement const& settlement);

  // From now on nothing may wait longer than this. Any thread.
  void limitDeadlines(std::chrono::milliseconds remaining);
  // Any thread: the session is gone. JavaScript is told once, after all that was sent before.
  void sayClosed();
  // JavaScript thread: the session never came to be. Lets go of the event loop.
  void release();
  // JavaScript thread, when its environment ends: no JavaScript will run any more. Fails all that is open.
  void kill();

 private:
  void wake();
  void deliver(Napi::Env env, Napi::Function dispatch);
  Napi::Float64Array toJs(Napi::Env env, std::vector<OpenRequests::Numbered> const& batch, Napi::Array& values);
  void refuse(std::vector<OpenRequests::Numbered> const& batch) noexcept;
  void addValues(Napi::Array& values, OpenRequests::Numbered const& outgoing);
  Napi::Value lend(Napi::Env env, std::uint32_t id, PieceMemory const& memory, std::size_t length);
  static StorageOutcome copyAnswer(StorageRequest const& request, Napi::Value bytes, StorageReply& reply);
  static StorageOutcome copyDigest(StorageRequest const& request, Napi::Uint8Array const& bytes, StorageReply& reply);
  void takeBack(std::uint32_t id);
  static void onEnvironmentEnds(void* self);
  void endBeforeLentBuffers();
  void abandonLentMemory();

  Napi::Env const m_env;
  OpenRequests m_requests;
  Napi::ThreadSafeFunction m_toJs;
  // Lent array buffers with their memory, detached when their request is settled. JavaScript thread only.
  struct LentBuffer {
    Napi::Reference<Napi::ArrayBuffer> buffer;
    PieceMemory memory;
    std::int64_t bytes;
  };
  std::map<std::uint32_t, LentBuffer> m_lentBuffers;
  // JavaScript thread only.
  bool m_hasHook = false;

  std::mutex m_mutex;
  // Those that JavaScript was not told of yet.
  std::vector<OpenRequests::Numbered> m_outgoing;
  bool m_wakePosted = false;
  bool m_alertsWaiting = false;
  bool m_closed = false;
  bool m_alive = true;
};

}  // namespace bae
