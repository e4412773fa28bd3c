#include "read_cache.h"

#include <algorithm>

namespace bae {
namespace {
constexpr int kReadWindowBytes = 1024 * 1024;
}

lt::disk_buffer_holder ReadWindow::block(PieceRange wanted) {
  if (!lent) lent = LentBlocks::of(memory, std::size_t(range.length));
  return lent ? lent->block(wanted.offset - range.offset, wanted.length) : lt::disk_buffer_holder();
}

PieceRange ReadCache::windowOf(PieceRange range, int payloadBytes) {
  int const offset = range.offset / kReadWindowBytes * kReadWindowBytes;
  int const length = std::min(kReadWindowBytes, payloadBytes - offset);
  bool const inside = range.offset + range.length <= offset + length;
  return inside ? PieceRange{offset, length} : PieceRange{0, 0};
}

std::shared_ptr<ReadWindow> ReadCache::find(int storageIndex, int piece, int offset) {
  auto const found = m_windows.find({storageIndex, piece, offset});
  if (found == m_windows.end()) return nullptr;
  m_ages.splice(m_ages.end(), m_ages, found->second.age);
  return found->second.window;
}

std::shared_ptr<ReadWindow> ReadCache::add(int storageIndex, int piece, PieceRange range) {
  for (auto age = m_ages.begin(); age != m_ages.end() && m_usedBytes + range.length > m_budgetBytes;) {
    auto const entry = m_windows.find(*age++);
    if (entry->second.window->ready) erase(entry);
  }
  if (m_usedBytes + range.length > m_budgetBytes) return nullptr;
  auto window = std::make_shared<ReadWindow>();
  window->range = range;
  window->memory = BufferPool::instance().piece(std::size_t(range.length));
  std::list<Key> newest{{storageIndex, piece, range.offset}};
  m_windows.emplace(newest.front(), Entry{window, newest.begin()});
  m_ages.splice(m_ages.end(), newest);
  m_usedBytes += range.length;
  return window;
}

void ReadCache::forget(int storageIndex, int piece) {
  auto entry = m_windows.lower_bound({storageIndex, piece, 0});
  while (entry != m_windows.end() && entry->first.storageIndex == storageIndex && entry->first.piece == piece) {
    erase(entry++);
  }
}

void ReadCache::erase(std::map<Key, Entry>::iterator entry) {
  m_usedBytes -= entry->second.window->range.length;
  m_ages.erase(entry->second.age);
  m_windows.erase(entry);
}

}  // namespace bae
