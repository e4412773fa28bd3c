#include "piece_parts.h"

#include <sys/mman.h>

#include <exception>

namespace bae {
namespace {

// `from` is gone afterwards. False: nothing happened.
bool movePages(char* from, char* to, std::size_t bytes) {
#ifdef __linux__
  if (mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED) return true;
  // What was at `to` may be gone already, and nobody can do without.
  void* const fresh = mmap(to, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (fresh == MAP_FAILED) std::terminate();
#endif
  return false;
}

}  // namespace

PieceParts::PieceParts(std::size_t bytes)
    : m_here((bytes + kPartBytes - 1) / kPartBytes), m_begin(BufferPool::mapPages(m_here.size() * kPartBytes)) {}

PieceParts::~PieceParts() {
  for (std::size_t part = 0; part < m_here.size(); ++part) {
    if (m_here[part]) {
      BufferPool::instance().giveBack(partAt(part), kPartBytes);
    } else {
      munmap(partAt(part), kPartBytes);
    }
  }
}

void PieceParts::bringIn(std::size_t offset, std::size_t bytes) {
  for (std::size_t part = offset / kPartBytes; part * kPartBytes < offset + bytes; ++part) {
    if (m_here[part]) continue;
    m_here[part] = true;
    char* const idle = BufferPool::instance().takeIdle(kPartBytes);
    if (idle != nullptr && !movePages(idle, partAt(part), kPartBytes)) {
      BufferPool::instance().giveBack(idle, kPartBytes);
    }
  }
}

}  // namespace bae
