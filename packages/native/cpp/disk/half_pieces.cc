#include "half_pieces.h"

#include "piece_writer.h"

namespace bae {

void HalfPieces::grew(PieceWriter& writer, int piece, int bytes) {
  auto const name = std::make_pair(&writer, piece);
  // A list of one, to be joined when nothing can fail any more.
  std::list<Name> warmest{name};
  auto const [found, isNew] = m_pieces.try_emplace(name, Entry{0, warmest.begin()});
  if (isNew) {
    m_ages.splice(m_ages.end(), warmest);
  } else {
    m_ages.splice(m_ages.end(), m_ages, found->second.age);
  }
  found->second.bytes += bytes;
  m_heldBytes += bytes;
  while (m_heldBytes > m_limitBytes && !m_ages.empty()) {
    auto const [coldest, coldestPiece] = m_ages.front();
    coldest->spill(coldestPiece);
    // Whether or not it could be spilled now, it no longer waits here.
    left(*coldest, coldestPiece);
  }
}

std::int64_t HalfPieces::left(PieceWriter& writer, int piece) {
  auto const found = m_pieces.find({&writer, piece});
  if (found == m_pieces.end()) return 0;
  auto const bytes = found->second.bytes;
  m_heldBytes -= bytes;
  m_ages.erase(found->second.age);
  m_pieces.erase(found);
  return bytes;
}

}  // namespace bae
