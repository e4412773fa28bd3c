#pragma once
#include <cstdint>
#include <vector>

#include "buffer_pool.h"

namespace bae {

constexpr int kBlockBytes = 16 * 1024;

// Bytes [offset, offset + length) of a piece.
struct PieceRange {
  int offset;
  int length;
};

// The blocks of one piece that is being filled. Each is absent, here in memory (`buffered`), or already with
// JavaScript (`stored`). No threads, no handlers: the owner sees to both.
class PieceBuffer {
 public:
  PieceBuffer(int pieceBytes, bool everythingStored);

  int pieceBytes() const { return m_pieceBytes; }

  // Copies a block's bytes in; what was there before is replaced.
  void put(int offset, char const* bytes, int length);
  // Nobody sends blocks that are all padding: they count as buffered zeroes from the start.
  void putPadding(int block);

  bool complete() const { return m_absent == 0; }
  bool buffered(PieceRange range) const;
  char const* data() const { return m_memory.get(); }
  PieceMemory const& memory();

  // Runs of neighbouring blocks in one state, in order of offset.
  std::vector<PieceRange> bufferedRuns() const { return runs(State::buffered); }
  std::vector<PieceRange> storedRuns() const { return runs(State::stored); }

  // JavaScript has these blocks now; memory goes back when no block needs it.
  void markStored(PieceRange range);

 private:
  enum class State : std::uint8_t { absent, buffered, stored };
  std::vector<PieceRange> runs(State state) const;
  void set(int block, State state);

  int m_pieceBytes;
  int m_absent;
  int m_buffered = 0;
  std::vector<State> m_blocks;
  PieceMemory m_memory;
};

}  // namespace bae
