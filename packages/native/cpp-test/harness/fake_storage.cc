#include "harness/fake_storage.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "harness/answer.h"

namespace bae::test {

FakeStorage::FakeStorage() : m_thread([this] { run(); }) {}

FakeStorage::~FakeStorage() {
  {
    std::lock_guard<std::mutex> lock(m_mutex);
    m_stopping = true;
    m_changed.notify_all();
  }
  m_thread.join();
}

void FakeStorage::send(StorageRequest request, ReplyHandler reply) {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_queue.push_back({std::move(request), std::move(reply)});
  m_changed.notify_all();
}

void FakeStorage::setNetworkQueue(std::shared_ptr<NetworkQueue> queue) {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_network = std::move(queue);
}

void FakeStorage::plan(std::function<Plan(Call const&)> plan) {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_plan = std::move(plan);
}

void FakeStorage::run() {
  std::unique_lock<std::mutex> lock(m_mutex);
  for (;;) {
    m_changed.wait(lock, [this] { return m_stopping || !m_queue.empty(); });
    if (m_queue.empty()) return;
    Item item = std::move(m_queue.front());
    m_queue.pop_front();
    Call const call = callOf(item.request);
    Plan const plan = m_plan ? m_plan(call) : Plan::serve;
    m_calls.push_back(call);
    serve(std::move(item), plan);
    m_changed.notify_all();
  }
}

// Called with the mutex held.
void FakeStorage::serve(Item item, Plan plan) {
  if (plan == Plan::hold) {
    m_held.push_back(std::move(item));
    return;
  }
  StorageReply reply;
  if (plan == Plan::fail) {
    reply.outcome = failure;
  } else {
    reply = perform(item.request);
  }
  answer(std::move(item.reply), std::move(reply));
}

// Block by block, so that the test itself takes little memory.
StorageReply FakeStorage::performWithoutKeeping(StorageRequest const& request) const {
  StorageReply reply;
  for (int done = 0; done < request.length; done += kBlockBytes) {
    auto const bytes = content(request.piece, request.offset + done, std::min(kBlockBytes, request.length - done));
    if (request.kind == RequestKind::readPiece) {
      std::memcpy(request.into.get() + done, bytes.data(), bytes.size());
    } else if (std::memcmp(request.lent.get() + done, bytes.data(), bytes.size()) != 0) {
      reply.outcome = StorageOutcome::corrupt;
    }
  }
  return reply;
}

StorageReply FakeStorage::perform(StorageRequest const& request) {
  bool const isOfBytes = request.kind == RequestKind::writePiece || request.kind == RequestKind::readPiece;
  if (content && isOfBytes) return performWithoutKeeping(request);
  StorageReply reply;
  auto const place = std::make_pair(request.storageIndex, request.piece);
  if (request.kind == RequestKind::openStorage) {
    reply.havePieces = havePieces;
    reply.wantsBlockHashes = wantsBlockHashes;
  } else if (request.kind == RequestKind::writePiece) {
    std::string& piece = m_pieces[place];
    auto const end = std::size_t(request.offset + request.length);
    if (piece.size() < end) piece.resize(end, '\0');
    std::memcpy(&piece[std::size_t(request.offset)], request.lent.get(), std::size_t(request.length));
  } else if (request.kind == RequestKind::readPiece) {
    auto const found = m_pieces.find(place);
    auto const end = std::size_t(request.offset + request.length);
    if (found == m_pieces.end() || found->second.size() < end) {
      reply.outcome = StorageOutcome::notFound;
    } else {
      std::memcpy(request.into.get(), found->second.data() + request.offset, std::size_t(request.length));
    }
  } else if (request.kind == RequestKind::completePiece) {
    m_completed.push_back(request.piece);
  }
  return reply;
}

// Called with the mutex held.
void FakeStorage::answer(ReplyHandler reply, StorageReply value) {
  if (!reply || !m_network) return;
  m_network->post([reply = std::move(reply), value = std::move(value)]() mutable { reply(std::move(value)); });
}

void FakeStorage::release() {
  std::lock_guard<std::mutex> lock(m_mutex);
  while (!m_held.empty()) {
    Item item = std::move(m_held.front());
    m_held.pop_front();
    serve(std::move(item), Plan::serve);
  }
  m_changed.notify_all();
}

void FakeStorage::releaseFirst() {
  std::lock_guard<std::mutex> lock(m_mutex);
  Item item = std::move(m_held.front());
  m_held.pop_front();
  serve(std::move(item), Plan::serve);
  m_changed.notify_all();
}

void FakeStorage::failHeld() {
  std::lock_guard<std::mutex> lock(m_mutex);
  while (!m_held.empty()) {
    Item item = std::move(m_held.front());
    m_held.pop_front();
    serve(std::move(item), Plan::fail);
  }
  m_changed.notify_all();
}

void FakeStorage::expire() {
  std::lock_guard<std::mutex> lock(m_mutex);
  for (auto& item : m_held) {
    StorageReply late;
    late.outcome = StorageOutcome::timedOut;
    answer(std::move(item.reply), std::move(late));
  }
}

template <typename Condition>
void FakeStorage::waitUntil(char const* what, Condition condition) {
  std::unique_lock<std::mutex> lock(m_mutex);
  if (!m_changed.wait_for(lock, kWaitLimit, condition)) throw std::runtime_error(std::string("in vain: ") + what);
}

void FakeStorage::waitForCalls(RequestKind kind, std::size_t count) {
  waitUntil("calls of the storage", [&] {
    std::size_t found = 0;
    for (auto const& call : m_calls) found += call.is(kind) ? 1 : 0;
    return found >= count;
  });
}

void FakeStorage::waitForHeld(std::size_t count) {
  waitUntil("held calls of the storage", [&] { return m_held.size() >= count; });
}

std::vector<Call> FakeStorage::calls() const {
  std::lock_guard<std::mutex> lock(m_mutex);
  return m_calls;
}

std::vector<Call> FakeStorage::calls(RequestKind kind) const {
  std::vector<Call> found;
  for (auto const& call : calls()) {
    if (call.is(kind)) found.push_back(call);
  }
  return found;
}

std::size_t FakeStorage::heldCount() const {
  std::lock_guard<std::mutex> lock(m_mutex);
  return m_held.size();
}

std::string FakeStorage::piece(int storageIndex, int piece) const {
  std::lock_guard<std::mutex> lock(m_mutex);
  auto const found = m_pieces.find({storageIndex, piece});
  return found == m_pieces.end() ? std::string() : found->second;
}

void FakeStorage::put(int storageIndex, int piece, std::string bytes) {
  std::lock_guard<std::mutex> lock(m_mutex);
  m_pieces[{storageIndex, piece}] = std::move(bytes);
}

std::vector<std::string> FakeStorage::lentBytes() const {
  std::lock_guard<std::mutex> lock(m_mutex);
  std::vector<std::string> lent;
  for (auto const& item : m_held) {
    if (item.request.lent) lent.emplace_back(item.request.lent.get(), std::size_t(item.request.length));
  }
  return lent;
}

std::vector<int> FakeStorage::completed() const {
  std::lock_guard<std::mutex> lock(m_mutex);
  return m_completed;
}

Call FakeStorage::callOf(StorageRequest const& request) {
  return {request.kind,   request.storageIndex, request.piece,
          request.offset, request.length,       request.deleteData,
          request.blockHashes};
}

}  // namespace bae::test
