#include "piece_buffer.h"

#include <algorithm>
#include <cstring>

namespace bae {
namespace {
int blockCount(int bytes) { return (bytes + kBlockBytes - 1) / kBlockBytes; }
}  // namespace

PieceBuffer::PieceBuffer(int pieceBytes, bool everythingStored)
    : m_pieceBytes(pieceBytes),
      m_absent(everythingStored ? 0 : blockCount(pieceBytes)),
      m_blocks(std::size_t(blockCount(pieceBytes)), everythingStored ? State::stored : State::absent) {}

void PieceBuffer::put(int offset, char const* bytes, int length) {
  std::memcpy(memory().get() + offset, bytes, std::size_t(length));
  set(offset / kBlockBytes, State::buffered);
}

void PieceBuffer::putPadding(int block) {
  int const offset = block * kBlockBytes;
  std::memset(memory().get() + offset, 0, std::size_t(std::min(kBlockBytes, m_pieceBytes - offset)));
  set(block, State::buffered);
}

bool PieceBuffer::buffered(PieceRange range) const {
  int const last = (range.offset + range.length - 1) / kBlockBytes;
  for (int block = range.offset / kBlockBytes; block <= last; ++block) {
    if (m_blocks[std::size_t(block)] != State::buffered) return false;
  }
  return true;
}

PieceMemory const& PieceBuffer::memory() {
  if (!m_memory) m_memory = BufferPool::instance().piece(std::size_t(m_pieceBytes));
  return m_memory;
}

std::vector<PieceRange> PieceBuffer::runs(State state) const {
  std::vector<PieceRange> found;
  int const blocks = int(m_blocks.size());
  for (int block = 0; block < blocks; ++block) {
    if (m_blocks[std::size_t(block)] != state) continue;
    int const first = block;
    while (block + 1 < blocks && m_blocks[std::size_t(block + 1)] == state) ++block;
    int const offset = first * kBlockBytes;
    found.push_back({offset, std::min((block + 1) * kBlockBytes, m_pieceBytes) - offset});
  }
  return found;
}

void PieceBuffer::markStored(PieceRange range) {
  int const last = (range.offset + range.length - 1) / kBlockBytes;
  for (int block = range.offset / kBlockBytes; block <= last; ++block) set(block, State::stored);
  if (m_buffered == 0) m_memory.reset();
}

void PieceBuffer::set(int block, State state) {
  State& now = m_blocks[std::size_t(block)];
  m_absent += int(state == State::absent) - int(now == State::absent);
  m_buffered += int(state == State::buffered) - int(now == State::buffered);
  now = state;
}

}  // namespace bae
