#include "lent_blocks.h"

#include "lt_compat.h"

namespace bae {
namespace {
std::atomic<std::int64_t> lentBytes{0};
}

LentBlocks::Owner LentBlocks::of(PieceMemory memory, std::size_t bytes) {
  if (lentBytes + std::int64_t(bytes) > kMostBytes) return nullptr;
  return Owner(new LentBlocks(std::move(memory), bytes));
}

LentBlocks::LentBlocks(PieceMemory memory, std::size_t bytes) : m_memory(std::move(memory)), m_bytes(std::int64_t(bytes)) {
  lentBytes += m_bytes;
}

LentBlocks::~LentBlocks() { lentBytes -= m_bytes; }

lt::disk_buffer_holder LentBlocks::block(int offset, int length) {
  ++m_holders;
  return holderOf(*this, m_memory.get() + offset, length);
}

void LentBlocks::release() {
  if (--m_holders == 0) delete this;
}

}  // namespace bae
