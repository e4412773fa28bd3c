#include "js_channel.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>

#include "torrent_convert.h"

namespace bae {
namespace {

StorageReply replyOf(StorageOutcome outcome) {
  StorageReply reply;
  reply.outcome = outcome;
  return reply;
}

// Left to JavaScript for good. Sessions of several workers may end at once.
void abandon(PieceMemory memory) {
  static std::mutex mutex;
  static auto* const abandoned = new std::vector<PieceMemory>;
  std::lock_guard<std::mutex> lock(mutex);
  abandoned->push_back(std::move(memory));
}

// What V8 believes that collecting could free. Of lent pieces it would free nothing, and with a small heap even a few of
// them would make it collect again and again.
void countAsExternal(Napi::Env env, std::int64_t bytes) {
  std::int64_t counted = 0;
  napi_adjust_external_memory(env, bytes, &counted);
}

Napi::Uint8Array copyOf(Napi::Env env, char const* bytes, std::size_t length) {
  auto copy = Napi::Uint8Array::New(env, length);
  std::memcpy(copy.Data(), bytes, length);
  return copy;
}

// Shared with src/request-batch.ts.
constexpr std::size_t kNumbersPerRequest = 6;

std::array<double, kNumbersPerRequest> numbersOf(std::uint32_t id, StorageRequest const& request) {
  bool const isHash = request.kind == RequestKind::hashPiece;
  bool const isClose = request.kind == RequestKind::closeStorage;
  return {double(int(request.kind)),
          double(id),
          double(request.storageIndex),
          double(request.piece),
          double(isHash ? request.wantsV1 : isClose ? request.deleteData : request.offset),
          double(isHash ? request.leaves : request.length)};
}

}  // namespace

JsChannel::JsChannel(Napi::Env env, Napi::Function dispatch, Options options)
    : m_deadline(options.deadline),
      m_toJs(Napi::ThreadSafeFunction::New(env, dispatch, "bae storage", 0, 1)) {
  try {
    m_watcher = std::thread([this] { watchDeadlines(); });
  } catch (std::system_error const&) {
    // Unreleased it would keep the event loop running for ever.
    m_toJs.Release();
    throw codedError(env, "NATIVE_SESSION_FAILED", "the system gives no more threads");
  }
}

JsChannel::~JsChannel() {
  {
    std::lock_guard<std::mutex> lock(m_mutex);
    m_stopWatching = true;
  }
  m_deadlinesChanged.notify_one();
  m_watcher.join();
  abandonLentMemory();
}

void JsChannel::setNetworkQueue(std::shared_ptr<NetworkQueue> queue) {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_network = std::move(queue);
}

void JsChannel::send(StorageRequest request, ReplyHandler reply) {
  std::lock_guard<std::mutex> lock(m_mutex);
  if (!m_alive) {
    answer(0, std::move(reply), replyOf(StorageOutcome::aborted));
    return;
  }
  std::uint32_t const id = ++m_lastId;
  auto const deadline = std::min(Clock::now() + m_deadline, m_closeBy);
  auto const added = m_pending.emplace_hint(m_pending.end(), id, Pending{std::move(request), std::move(reply), deadline});
  m_outgoing.push_back({id, &added->second.request});
  if (m_watcherIdle) m_deadlinesChanged.notify_one();
  wake();
}

void JsChannel::alertsWaiting() {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_alertsWaiting = true;
  wake();
}

void JsChannel::sayClosed() {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_closed = true;
  wake();
}

// Called with the mutex held: after kill() the thread-safe function must not be touched.
void JsChannel::wake() {
  if (!m_alive || m_wakePosted) return;
  m_wakePosted = true;
  m_toJs.NonBlockingCall([this](Napi::Env env, Napi::Function dispatch) {
    if (env == nullptr) return;
    try {
      deliver(env, dispatch);
    } catch (Napi::Error const&) {
      // `dispatch` does not throw: a worker is being terminated. Its end runs kill(), which fails what is open.
    }
  });
}

// Called with the mutex held.
void JsChannel::answer(std::uint32_t id, ReplyHandler reply, StorageReply outcome) {
  if (!reply || !m_network) return;
  outcome.request = id;
  m_network->post([reply = std::move(reply), outcome = std::move(outcome)]() mutable {
    reply(std::move(outcome));
  });
}

// The same.
void JsChannel::answerAll(std::vector<std::pair<ReplyHandler, StorageReply>> replies) {
  if (replies.empty() || !m_network) return;
  m_network->post([replies = std::move(replies)]() mutable {
    for (auto& [reply, outcome] : replies) reply(std::move(outcome));
  });
}

void JsChannel::deliver(Napi::Env env, Napi::Function dispatch) {
  Napi::HandleScope scope(env);
  std::vector<Outgoing> batch;
  bool alerts = false;
  bool closed = false;
  {
    std::lock_guard<std::mutex> lock(m_mutex);
    m_wakePosted = false;
    batch.swap(m_outgoing);
    std::swap(alerts, m_alertsWaiting);
    closed = m_closed;
    // Nothing is sent after this: the session has been destroyed.
    if (closed) m_alive = false;
  }
  auto numbers = Napi::Float64Array::New(env, batch.size() * kNumbersPerRequest);
  auto values = Napi::Array::New(env);
  double* at = numbers.Data();
  for (auto const& outgoing : batch) {
    for (double const number : numbersOf(outgoing.id, *outgoing.request)) *at++ = number;
    addValues(values, outgoing);
  }
  // Keeps this object alive for the call: JavaScript may drop the session in it.
  if (closed) m_toJs.Release();
  dispatch.Call({numbers, values, Napi::Boolean::New(env, alerts), Napi::Boolean::New(env, closed)});
}

// What of a request is not a number.
void JsChannel::addValues(Napi::Array& values, Outgoing const& outgoing) {
  Napi::Env const env = values.Env();
  StorageRequest const& request = *outgoing.request;
  auto const length = std::size_t(request.length);
  auto add = [&values, next = values.Length()](napi_value value) mutable { values.Set(next++, value); };
  switch (request.kind) {
    case RequestKind::openStorage:
      add(Napi::String::New(env, request.torrentId));
      add(layoutToJs(env, *request.info));
      add(metadataToJs(env, *request.info));
      break;
    case RequestKind::writePiece: {
      auto const lent = lend(env, outgoing.id, request.lent, length);
      auto const& hashes = request.blockHashes;
      add(lent.IsEmpty() ? copyOf(env, request.lent.get(), length) : lent);
      add(hashes.empty() ? env.Undefined() : copyOf(env, hashes.data(), hashes.size()));
      break;
    }
    case RequestKind::readPiece: {
      auto const lent = lend(env, outgoing.id, request.into, length);
      add(lent.IsEmpty() ? env.Undefined() : lent);
      break;
    }
    case RequestKind::torrentGone:
      add(Napi::String::New(env, request.torrentId));
      break;
    case RequestKind::torrentAdded:
      add(Napi::String::New(env, request.torrentId));
      add(Napi::String::New(env, request.errorCode));
      add(Napi::String::New(env, request.errorMessage));
      break;
    default:
      break;
  }
}

// Empty where JavaScript may not have external memory, as in Electron.
Napi::Value JsChannel::lend(Napi::Env env, std::uint32_t id, PieceMemory const& memory, std::size_t length) {
  napi_value buffer = nullptr;
  // The pool owns the memory, not the array buffer: nothing to do when V8 lets go of it.
  auto const keep = [](napi_env, void*, void*) {};
  auto const status = napi_create_external_arraybuffer(env, memory.get(), length, keep, nullptr, &buffer);
  if (status != napi_ok) return {};
  countAsExternal(env, -std::int64_t(length));
  Napi::ArrayBuffer lent(env, buffer);
  m_lentBuffers.emplace(id, LentBuffer{Napi::Persistent(lent), memory, std::int64_t(length)});
  return Napi::Uint8Array::New(env, length, lent, 0);
}

StorageOutcome JsChannel::copyAnswer(StorageRequest const& request, Napi::Value value, StorageReply& reply) {
  bool const isBytes = value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
  switch (request.kind) {
    case RequestKind::openStorage:
      if (isBytes) {
        auto const bytes = value.As<Napi::Uint8Array>();
        reply.havePieces.assign(reinterpret_cast<char const*>(bytes.Data()), bytes.ByteLength());
      }
      return StorageOutcome::ok;
    case RequestKind::readPiece: {
      if (!isBytes) return StorageOutcome::io;
      auto const bytes = value.As<Napi::Uint8Array>();
      // A detached array has length 0, so this also guards against one.
      if (bytes.ByteLength() != std::size_t(request.length)) return StorageOutcome::io;
      // It may have been read into just there.
      auto const* const from = reinterpret_cast<char const*>(bytes.Data());
      if (from != request.into.get()) std::memcpy(request.into.get(), from, bytes.ByteLength());
      return StorageOutcome::ok;
    }
    case RequestKind::hashPiece:
      return isBytes ? copyDigest(request, value.As<Napi::Uint8Array>(), reply) : StorageOutcome::ok;
    default:
      return StorageOutcome::ok;
  }
}

// The SHA-1, where it was asked for, and the leaves after it.
StorageOutcome JsChannel::copyDigest(StorageRequest const& request, Napi::Uint8Array const& bytes, StorageReply& reply) {
  std::size_t const v1Bytes = request.wantsV1 ? lt::sha1_hash::size() : 0;
  std::size_t const leafBytes = lt::sha256_hash::size();
  if (bytes.ByteLength() != v1Bytes + std::size_t(request.leaves) * leafBytes) return StorageOutcome::io;
  auto const* const from = reinterpret_cast<char const*>(bytes.Data());
  auto& digest = reply.digest.emplace();
  if (v1Bytes > 0) digest.v1 = lt::sha1_hash(from);
  for (int leaf = 0; leaf < request.leaves; ++leaf) {
    digest.leaves.emplace_back(from + v1Bytes + std::size_t(leaf) * leafBytes);
  }
  return StorageOutcome::ok;
}

void JsChannel::settle(std::uint32_t const* ids, std::size_t count, Settlement const& settlement) {
  std::vector<decltype(m_pending)::node_type> ended;
  ended.reserve(count);
  {
    std::lock_guard<std::mutex> lock(m_mutex);
    for (std::size_t i = 0; i < count; ++i) ended.push_back(m_pending.extract(ids[i]));
  }
  std::vector<std::pair<ReplyHandler, StorageReply>> replies;
  replies.reserve(count);
  for (auto& node : ended) {
    // Once given up, nobody waits for the bytes.
    if (node.empty() || !node.mapped().reply) continue;
    StorageReply reply = replyOf(settlement.outcome);
    reply.request = node.key();
    if (reply.outcome == StorageOutcome::ok) {
      reply.outcome = copyAnswer(node.mapped().request, settlement.bytes, reply);
    }
    reply.wantsBlockHashes = settlement.wantsBlockHashes;
    reply.offersDigests = settlement.offersDigests;
    replies.emplace_back(std::move(node.mapped().reply), std::move(reply));
  }
  // Not before: the answer may lie in what was lent.
  std::for_each(ids, ids + count, [this](std::uint32_t id) { takeBack(id); });
  std::lock_guard<std::mutex> lock(m_mutex);
  answerAll(std::move(replies));
}

void JsChannel::takeBack(std::uint32_t id) {
  auto const lent = m_lentBuffers.find(id);
  if (lent == m_lentBuffers.end()) return;
  auto buffer = lent->second.buffer.Value();
  countAsExternal(buffer.Env(), lent->second.bytes);
  if (buffer.IsDetached()) {
    // Somebody made another array buffer of its memory (ArrayBuffer.transfer), and may use that as long as it lives.
    abandon(std::move(lent->second.memory));
  } else {
    // Whoever keeps the bytes longer than they were lent finds them gone, not changed.
    buffer.Detach();
  }
  m_lentBuffers.erase(lent);
}

void JsChannel::limitDeadlines(std::chrono::milliseconds remaining) {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_closeBy = std::min(m_closeBy, Clock::now() + remaining);
  for (auto& [id, pending] : m_pending) pending.deadline = std::min(pending.deadline, m_closeBy);
  m_deadlinesChanged.notify_one();
}

void JsChannel::kill() {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_alive = false;
  m_outgoing.clear();
  for (auto& [id, pending] : m_pending) answer(id, std::move(pending.reply), replyOf(StorageOutcome::aborted));
  abandonLentMemory();
  m_pending.clear();
}

// What JavaScript has not settled it may still use, for as long as it lives.
void JsChannel::abandonLentMemory() {
  for (auto& [id, lent] : m_lentBuffers) abandon(std::move(lent.memory));
}

void JsChannel::release() {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_alive = false;
  m_toJs.Release();
}

void JsChannel::watchDeadlines() {
  std::unique_lock<std::mutex> lock(m_mutex);
  while (!m_stopWatching) {
    auto next = Clock::time_point::max();
    for (auto const& [id, pending] : m_pending) {
      if (pending.reply) next = std::min(next, pending.deadline);
    }
    if (next == Clock::time_point::max()) {
      m_watcherIdle = true;
      m_deadlinesChanged.wait(lock);
      m_watcherIdle = false;
    } else if (m_deadlinesChanged.wait_until(lock, next) == std::cv_status::timeout) {
      failExpired(Clock::now());
    }
  }
}

// Called with the mutex held.
void JsChannel::failExpired(Clock::time_point now) {
  bool const closing = m_closeBy != Clock::time_point::max();
  for (auto& [id, pending] : m_pending) {
    if (!pending.reply || pending.deadline > now) continue;
    answer(id, std::move(pending.reply), replyOf(closing ? StorageOutcome::aborted : StorageOutcome::timedOut));
  }
}

}  // namespace bae
