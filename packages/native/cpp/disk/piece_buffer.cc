#include "piece_buffer.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace bae {
namespace {
// Of eight half pieces up to this all pages are little memory, and to move them in cost more than it won.
constexpr std::size_t kWholeBytes = std::size_t(4) << 20;
}  // namespace

PieceBuffer::PieceBuffer(int bytes, bool everythingStored)
    : m_bytes(bytes),
      m_absent(everythingStored ? 0 : blocksIn({0, bytes})),
      m_blocks(std::size_t(blocksIn({0, bytes})), everythingStored ? State::stored : State::absent) {}

void PieceBuffer::put(int offset, char const* bytes, int length) {
  allocate();
  bringIn({offset, length});
  std::memcpy(m_memory.get() + offset, bytes, std::size_t(length));
  set(offset / kBlockBytes, State::buffered);
}

void PieceBuffer::takeRestForStored() {
  for (int block = 0; block < blocks(); ++block) {
    if (at(block) == State::absent) set(block, State::stored);
  }
}

bool PieceBuffer::buffered(PieceRange range) const {
  int const last = (range.offset + range.length - 1) / kBlockBytes;
  for (int block = range.offset / kBlockBytes; block <= last; ++block) {
    if (at(block) != State::buffered) return false;
  }
  return true;
}

bool PieceBuffer::copy(PieceRange range, char* to) const {
  State const state = range.offset < m_bytes ? at(range.offset / kBlockBytes) : State::padding;
  if (state == State::padding) std::memset(to, 0, std::size_t(range.length));
  if (state == State::buffered) std::memcpy(to, m_memory.get() + range.offset, std::size_t(range.length));
  return state == State::padding || state == State::buffered;
}

PieceRange PieceBuffer::rangeOf(int first, int end) const {
  int const offset = first * kBlockBytes;
  return {offset, std::min(end * kBlockBytes, m_bytes) - offset};
}

std::vector<PieceRange> PieceBuffer::bufferedRuns() const {
  std::vector<PieceRange> found;
  for (int block = 0; block < blocks();) {
    int const first = block;
    bool anyBuffered = false;
    for (; block < blocks() && (at(block) == State::buffered || at(block) == State::padding); ++block) {
      anyBuffered = anyBuffered || at(block) == State::buffered;
    }
    if (anyBuffered) found.push_back(rangeOf(first, block));
    if (block == first) ++block;
  }
  return found;
}

std::vector<PieceBuffer::Run> PieceBuffer::runs() const {
  std::vector<Run> found;
  for (int block = 0; block < blocks();) {
    int const first = block;
    State const state = at(first);
    while (block < blocks() && at(block) == state) ++block;
    PieceRange const range = rangeOf(first, block);
    found.push_back({range, state == State::buffered ? memoryAt(range.offset) : nullptr, state == State::stored});
  }
  return found;
}

void PieceBuffer::markStored(PieceRange range) {
  int const last = (range.offset + range.length - 1) / kBlockBytes;
  for (int block = range.offset / kBlockBytes; block <= last; ++block) {
    if (at(block) == State::buffered) set(block, State::stored);
  }
}

void PieceBuffer::leaveStored() {
  auto const before = std::exchange(m_memory, nullptr);
  auto* const partsBefore = std::exchange(m_parts, nullptr);
  if (m_buffered == 0) return;
  try {
    allocate();
  } catch (std::bad_alloc const&) {
    m_memory = before;
    m_parts = partsBefore;
    return;
  }
  for (int block = 0; block < blocks(); ++block) {
    if (at(block) != State::buffered) continue;
    PieceRange const range = rangeOf(block, block + 1);
    bringIn(range);
    std::memcpy(m_memory.get() + range.offset, before.get() + range.offset, std::size_t(range.length));
  }
}

void PieceBuffer::allocate() {
  if (m_memory) return;
  auto const bytes = std::size_t(m_bytes);
  if (bytes <= kWholeBytes) {
    m_memory = BufferPool::instance().piece(bytes);
  } else {
    auto const parts = std::make_shared<PieceParts>(bytes);
    m_parts = parts.get();
    m_memory = PieceMemory(parts, parts->begin());
  }
  zeroPadding();
}

void PieceBuffer::bringIn(PieceRange range) {
  if (m_parts != nullptr) m_parts->bringIn(std::size_t(range.offset), std::size_t(range.length));
}

// Memory that was used before holds old bytes, and padding crosses to JavaScript beside its neighbours.
void PieceBuffer::zeroPadding() {
  for (int block = 0; block < blocks(); ++block) {
    if (at(block) != State::padding) continue;
    PieceRange const range = rangeOf(block, block + 1);
    bringIn(range);
    std::memset(m_memory.get() + range.offset, 0, std::size_t(range.length));
  }
}

void PieceBuffer::set(int block, State state) {
  State& now = m_blocks[std::size_t(block)];
  m_absent += int(state == State::absent) - int(now == State::absent);
  m_buffered += int(state == State::buffered) - int(now == State::buffered);
  m_padding += int(state == State::padding) - int(now == State::padding);
  now = state;
}

}  // namespace bae
