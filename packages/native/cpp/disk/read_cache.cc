#include "read_cache.h"

#include <algorithm>

namespace bae {
namespace {
constexpr int kWindowBytes = 1024 * 1024;
}

PieceRange ReadCache::windowOf(PieceRange range, int pieceBytes) {
  int const offset = range.offset / kWindowBytes * kWindowBytes;
  int const length = std::min(kWindowBytes, pieceBytes - offset);
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
  while (!m_windows.empty() && m_usedBytes + range.length > m_budgetBytes) erase(m_windows.find(m_ages.front()));
  auto window = std::make_shared<ReadWindow>();
  window->range = range;
  window->memory = BufferPool::instance().piece(std::size_t(range.length));
  Key const key{storageIndex, piece, range.offset};
  m_windows[key] = {window, m_ages.insert(m_ages.end(), key)};
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
