#include "half_pieces.h"

#include "piece_writer.h"

namespace bae {

void HalfPieces::grew(PieceWriter& writer, int piece, int bytes) {
  Name const name{&writer, piece};
  auto const [found, isNew] = m_pieces.try_emplace(name);
  if (isNew) {
    found->second.age = m_ages.insert(m_ages.end(), name);
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

void HalfPieces::left(PieceWriter& writer, int piece) {
  auto const found = m_pieces.find({&writer, piece});
  if (found == m_pieces.end()) return;
  m_heldBytes -= found->second.bytes;
  m_ages.erase(found->second.age);
  m_pieces.erase(found);
}

}  // namespace bae
