#include "buffer_pool.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

#include "lt_compat.h"

namespace bae {
namespace {
constexpr std::size_t kAlignmentBytes = 4096;
constexpr std::size_t kMaxIdleBytes = std::size_t(32) << 20;

char* allocateAligned(std::size_t bytes) {
  void* memory = nullptr;
  if (posix_memalign(&memory, kAlignmentBytes, bytes) != 0) throw std::bad_alloc();
  return static_cast<char*>(memory);
}
}  // namespace

BufferPool& BufferPool::instance() {
  static auto* const pool = new BufferPool;
  return *pool;
}

PieceMemory BufferPool::piece(std::size_t wanted) {
  std::size_t const bytes = (wanted + kAlignmentBytes - 1) / kAlignmentBytes * kAlignmentBytes;
  char* memory = takeIdle(bytes);
  if (memory == nullptr) memory = mapPages(bytes);
  return PieceMemory(memory, [this, bytes](char* p) { giveBack(p, bytes); });
}

// Straight from the system and back to it: freed pieces between other allocations would keep the heap at its
// largest for good.
char* BufferPool::mapPages(std::size_t bytes) {
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<char*>(memory);
}

char* BufferPool::takeIdle(std::size_t bytes) {
  std::lock_guard<std::mutex> lock(m_mutex);
  auto const idle = m_idle.find(bytes);
  if (idle == m_idle.end() || idle->second.empty()) return nullptr;
  char* const memory = idle->second.back();
  idle->second.pop_back();
  m_idleBytes -= bytes;
  return memory;
}

void BufferPool::giveBack(char* memory, std::size_t bytes) noexcept {
  try {
    std::lock_guard<std::mutex> lock(m_mutex);
    if (makeRoom(bytes)) {
      m_idle[bytes].push_back(memory);
      m_idleBytes += bytes;
      return;
    }
  } catch (std::bad_alloc const&) {
    // Not even for the note that it is idle.
  }
  munmap(memory, bytes);
}

// What was used last is wanted next: sizes that were wanted once must not take all the room.
bool BufferPool::makeRoom(std::size_t bytes) {
  if (bytes > kMaxIdleBytes) return false;
  for (auto& [size, idle] : m_idle) {
    while (size != bytes && !idle.empty() && m_idleBytes + bytes > kMaxIdleBytes) {
      munmap(idle.back(), size);
      idle.pop_back();
      m_idleBytes -= size;
    }
  }
  return m_idleBytes + bytes <= kMaxIdleBytes;
}

lt::disk_buffer_holder BufferPool::block(int bytes) {
  return holderOf(*this, allocateAligned(std::size_t(bytes)), bytes);
}

void BufferPool::free_disk_buffer(char* buffer) { std::free(buffer); }

}  // namespace bae
