#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "lent_blocks.h"
#include "piece_buffer.h"
#include "storage_request.h"
#include "unique_function.h"

namespace bae {

// A part of a stored piece that was fetched, or is being fetched, from JavaScript in one call.
struct ReadWindow {
  // A part of the window, for as long as it is wanted; empty where it is to be copied. The bytes are there. Throws bad_alloc.
  lt::disk_buffer_holder block(PieceRange wanted);

  PieceRange range;
  PieceMemory memory;
  LentBlocks::Owner lent;
  bool ready = false;
  // Told once when the fetch ends: however many peers want these bytes, they cross the border once.
  std::vector<UniqueFunction<StorageResult>> waiting;
};

// What was read from JavaScript lately, least recently used out first. Peers ask for blocks in sequence, so a
// window of the piece is fetched at the first of them. Network thread only.
class ReadCache {
 public:
  explicit ReadCache(std::int64_t budgetBytes) : m_budgetBytes(budgetBytes) {}

  // The window that holds a range of a piece of so many bytes without padding at its end; an empty one where the range crosses two.
  static PieceRange windowOf(PieceRange range, int payloadBytes);

  // Null when nobody asked for this window lately.
  std::shared_ptr<ReadWindow> find(int storageIndex, int piece, int offset);
  // Makes room, and a window that its caller now fetches. Null when all the room is taken by windows that are being
  // fetched: others wait for these.
  std::shared_ptr<ReadWindow> add(int storageIndex, int piece, PieceRange range);
  // The bytes of the piece change, or the fetch failed: later readers fetch anew. Waiters keep their window.
  void forget(int storageIndex, int piece);

 private:
  struct Key {
    int storageIndex;
    int piece;
    int offset;
    bool operator<(Key const& other) const {
      return std::tie(storageIndex, piece, offset) < std::tie(other.storageIndex, other.piece, other.offset);
    }
  };
  struct Entry {
    std::shared_ptr<ReadWindow> window;
    std::list<Key>::iterator age;
  };
  void erase(std::map<Key, Entry>::iterator entry);

  std::int64_t const m_budgetBytes;
  std::int64_t m_usedBytes = 0;
  std::map<Key, Entry> m_windows;
  // Oldest first.
  std::list<Key> m_ages;
};

}  // namespace bae
