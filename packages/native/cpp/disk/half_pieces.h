#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <utility>

namespace bae {

class PieceWriter;

// How much memory the half pieces of all storages hold, and which of them has waited longest for a block. Above
// the limit the coldest are handed to JavaScript, block-aligned part by part: stopping their peers instead would
// never let them become whole. Network thread only.
class HalfPieces {
 public:
  explicit HalfPieces(std::int64_t limitBytes) : m_limitBytes(limitBytes) {}

  // A block came: `bytes` more, and the piece is the warmest now. Spills what is above the limit.
  void grew(PieceWriter& writer, int piece, int bytes);
  // The piece is whole, dropped, or on its way to JavaScript. Returns what it held here.
  std::int64_t left(PieceWriter& writer, int piece);

  std::int64_t heldBytes() const { return m_heldBytes; }

 private:
  using Name = std::pair<PieceWriter*, int>;
  struct Entry {
    std::int64_t bytes = 0;
    std::list<Name>::iterator age;
  };

  std::int64_t const m_limitBytes;
  std::int64_t m_heldBytes = 0;
  std::map<Name, Entry> m_pieces;
  // Coldest first.
  std::list<Name> m_ages;
};

}  // namespace bae
