#include "js_channel.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>

#include "bytes.h"
#include "torrent_convert.h"

namespace bae {
namespace {

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

JsChannel::JsChannel(Napi::Env env, Napi::Function dispatch, Options options) try
    : m_env(env), m_requests(options.deadline), m_toJs(Napi::ThreadSafeFunction::New(env, dispatch, "bae storage", 0, 1)) {
} catch (std::system_error const&) {
  throw codedError(env, "NATIVE_SESSION_FAILED", "the system gives no more threads");
}

JsChannel::~JsChannel() {
  if (m_hasHook) napi_remove_env_cleanup_hook(m_env, onEnvironmentEnds, this);
  abandonLentMemory();
}

void JsChannel::setNetworkQueue(std::shared_ptr<NetworkQueue> queue) { m_requests.setNetworkQueue(std::move(queue)); }

void JsChannel::send(StorageRequest request, ReplyHandler reply) {
  auto prepared = OpenRequests::prepare(std::move(request), std::move(reply));
  std::lock_guard<std::mutex> lock(m_mutex);
  if (!m_alive) {
    m_requests.refuse(std::move(prepared));
    return;
  }
  // First what there may be no memory for: a request whose sender was told that it failed must not be answered.
  if (m_outgoing.size() == m_outgoing.capacity()) m_outgoing.reserve(2 * m_outgoing.size() + 8);
  wake();
  m_outgoing.push_back(m_requests.add(std::move(prepared)));
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

// Called with the mutex held, which deliver() takes first: after kill() the thread-safe function must not be touched.
void JsChannel::wake() {
  if (!m_alive || m_wakePosted) return;
  auto const status = m_toJs.NonBlockingCall([this](Napi::Env env, Napi::Function dispatch) {
    if (env == nullptr) return;
    try {
      deliver(env, dispatch);
    } catch (Napi::Error const&) {
      // `dispatch` does not throw: a worker is being terminated. Its end runs kill(), which fails what is open.
    }
  });
  m_wakePosted = status == napi_ok;
}

void JsChannel::deliver(Napi::Env env, Napi::Function dispatch) {
  Napi::HandleScope scope(env);
  std::vector<OpenRequests::Numbered> batch;
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
  auto values = Napi::Array::New(env);
  auto const numbers = toJs(env, batch, values);
  // Before the call, in which JavaScript may drop the session, and this object with it.
  if (closed) m_toJs.Release();
  dispatch.Call({numbers, values, Napi::Boolean::New(env, alerts), Napi::Boolean::New(env, closed)});
}

Napi::Float64Array JsChannel::toJs(Napi::Env env, std::vector<OpenRequests::Numbered> const& batch, Napi::Array& values) {
  try {
    auto numbers = Napi::Float64Array::New(env, batch.size() * kNumbersPerRequest);
    double* at = numbers.Data();
    for (auto const& outgoing : batch) {
      for (double const number : numbersOf(outgoing.id, *outgoing.request)) *at++ = number;
      addValues(values, outgoing);
    }
    return numbers;
  } catch (std::bad_alloc const&) {
    refuse(batch);
    return Napi::Float64Array::New(env, 0);
  }
}

// JavaScript is told of none of them: there was no memory for that. Without even that for the answers the process ends.
void JsChannel::refuse(std::vector<OpenRequests::Numbered> const& batch) noexcept {
  Settlement settlement;
  settlement.outcome = StorageOutcome::outOfMemory;
  for (auto const& outgoing : batch) settle(&outgoing.id, 1, settlement);
}

// What of a request is not a number.
void JsChannel::addValues(Napi::Array& values, OpenRequests::Numbered const& outgoing) {
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
      add(lent.IsEmpty() ? bytesToJs(env, request.lent.get(), length) : lent);
      add(hashes.empty() ? env.Undefined() : bytesToJs(env, hashes.data(), hashes.size()));
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
  Napi::ArrayBuffer lent(env, buffer);
  m_lentBuffers.emplace(id, LentBuffer{Napi::Persistent(lent), memory, std::int64_t(length)});
  countAsExternal(env, -std::int64_t(length));
  endBeforeLentBuffers();
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
  auto const answer = [&settlement](StorageRequest const& request, StorageReply& reply) {
    reply.outcome = settlement.outcome;
    if (reply.outcome == StorageOutcome::ok) reply.outcome = copyAnswer(request, settlement.bytes, reply);
    reply.wantsBlockHashes = settlement.wantsBlockHashes;
    reply.offersDigests = settlement.offersDigests;
  };
  // Not before the answers are made: they may lie in what was lent.
  m_requests.settle(ids, count, answer, [&] { std::for_each(ids, ids + count, [this](auto id) { takeBack(id); }); });
}

void JsChannel::takeBack(std::uint32_t id) {
  auto const lent = m_lentBuffers.find(id);
  if (lent == m_lentBuffers.end()) return;
  auto const buffer = lent->second.buffer.Value();
  countAsExternal(buffer.Env(), lent->second.bytes);
  // Whoever keeps the bytes longer than they were lent finds them gone, not changed. Where they went somewhere else
  // (ArrayBuffer.transfer) whoever has them may use them as long as he lives: the memory is lost, but not its share of the
  // budget, which would keep peers waiting for ever. src/lent-bytes.ts has failed the call.
  if (buffer.IsDetached() || napi_detach_arraybuffer(buffer.Env(), buffer) != napi_ok) {
    abandon(std::move(lent->second.memory));
  }
  m_lentBuffers.erase(lent);
}

void JsChannel::limitDeadlines(std::chrono::milliseconds remaining) { m_requests.limitDeadlines(remaining); }

void JsChannel::kill() {
  {
    std::lock_guard<std::mutex> lock(m_mutex);
    m_alive = false;
    m_outgoing.clear();
  }
  m_requests.abort();
  abandonLentMemory();
}

// The end of an environment frees its array buffers, the last ones first: what was not counted for them must be before,
// or V8 ends the process (from Node 24 on).
void JsChannel::endBeforeLentBuffers() {
  if (m_hasHook) napi_remove_env_cleanup_hook(m_env, onEnvironmentEnds, this);
  m_hasHook = napi_add_env_cleanup_hook(m_env, onEnvironmentEnds, this) == napi_ok;
}

void JsChannel::onEnvironmentEnds(void* data) {
  auto* const self = static_cast<JsChannel*>(data);
  self->m_hasHook = false;
  self->abandonLentMemory();
}

// What JavaScript has not settled it may still use, for as long as it lives.
void JsChannel::abandonLentMemory() {
  for (auto& [id, lent] : m_lentBuffers) {
    countAsExternal(m_env, lent.bytes);
    abandon(std::move(lent.memory));
  }
  m_lentBuffers.clear();
}

void JsChannel::release() {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_alive = false;
  m_toJs.Release();
}

}  // namespace bae
