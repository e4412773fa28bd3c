#pragma once
#include <libtorrent/bitfield.hpp>

namespace bae {

// What is known of the pieces that are with JavaScript, whatever libtorrent thinks of them. Network thread only.
class PieceMarks {
 public:
  explicit PieceMarks(int pieces) : m_given(pieces, false), m_whole(pieces, false), m_right(pieces, false) {}

  // JavaScript says what it has.
  void set(lt::bitfield const& pieces) { m_given = m_whole = m_right = pieces; }

  // Bytes of it may be there.
  bool isGiven(int piece) const { return m_given.get_bit(piece); }
  bool anyGiven() const { return !m_given.none_set(); }
  // All its bytes are there, right or not.
  bool isWhole(int piece) const { return m_whole.get_bit(piece); }
  // They are there and have the digest they should: what may be claimed without a check.
  bool isRight(int piece) const { return m_right.get_bit(piece); }

  // Some bytes are on their way: the piece is another from now on.
  void given(int piece) {
    m_given.set_bit(piece);
    m_right.clear_bit(piece);
  }
  void stored(int piece) { m_whole.set_bit(piece); }
  void foundRight(int piece) { m_right.set_bit(piece); }
  void foundWrong(int piece) { m_right.clear_bit(piece); }
  void failed(int piece) {
    m_whole.clear_bit(piece);
    m_right.clear_bit(piece);
  }
  void gone(int piece) {
    failed(piece);
    m_given.clear_bit(piece);
  }

 private:
  lt::bitfield m_given;
  lt::bitfield m_whole;
  lt::bitfield m_right;
};

}  // namespace bae
