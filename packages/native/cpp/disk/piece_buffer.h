#pragma once
#include <cstdint>
#include <vector>

#include "buffer_pool.h"
#include "piece_parts.h"

namespace bae {

constexpr int kBlockBytes = 16 * 1024;

// Bytes [offset, offset + length) of a piece.
struct PieceRange {
  int offset;
  int length;
};

inline int blocksIn(PieceRange range) { return (range.length + kBlockBytes - 1) / kBlockBytes; }

// The blocks of one piece that is being filled, but for the padding at its end, which takes no memory. Each is absent, all padding, here in memory (`buffered`), or already
// with JavaScript (`stored`). No threads, no handlers: the owner sees to both.
class PieceBuffer {
 public:
  PieceBuffer(int bytes, bool everythingStored);

  int bytes() const { return m_bytes; }

  // Copies a block's bytes in; what was there before is replaced. Throws bad_alloc.
  void put(int offset, char const* bytes, int length);
  // Nobody sends blocks that are all padding: they are zeroes from the start.
  void markPadding(int block) { set(block, State::padding); }
  // Whatever never came is taken to be with JavaScript.
  void takeRestForStored();

  bool complete() const { return m_absent == 0; }
  bool buffered(PieceRange range) const;
  bool anyBuffered() const { return m_buffered > 0; }
  // Of memory: padding between blocks lies there, too.
  int heldBytes() const { return m_memory ? (m_buffered + m_padding) * kBlockBytes : 0; }
  // Copies a range within one block; false: it is not here.
  bool copy(PieceRange range, char* to) const;

  // What JavaScript has to be given, in order: runs of neighbouring blocks, with the padding that lies in or beside
  // them, so that all of them are one run.
  std::vector<PieceRange> bufferedRuns() const;
  // All of it as neighbouring runs of one state. `memory` is null for what is not here.
  struct Run {
    PieceRange range;
    PieceMemory memory;
    bool isStored;
  };
  std::vector<Run> runs() const;
  PieceMemory memoryAt(int offset) const { return PieceMemory(m_memory, m_memory.get() + offset); }

  // JavaScript has these blocks now.
  void markStored(PieceRange range);
  // What is here moves to memory of its own, so that the stored blocks take none. Not while any of it is lent: readers
  // of what is lent would miss what comes later.
  void leaveStored();

 private:
  enum class State : std::uint8_t { absent, padding, buffered, stored };
  int blocks() const { return int(m_blocks.size()); }
  State at(int block) const { return m_blocks[std::size_t(block)]; }
  // From block `first` to before block `end`.
  PieceRange rangeOf(int first, int end) const;
  void allocate();
  // Memory for these bytes, before the first of them is there.
  void bringIn(PieceRange range);
  void zeroPadding();
  void set(int block, State state);

  int m_bytes;
  int m_absent;
  int m_buffered = 0;
  int m_padding = 0;
  std::vector<State> m_blocks;
  PieceMemory m_memory;
  // Of larger pieces, alive as long as m_memory is.
  PieceParts* m_parts = nullptr;
};

}  // namespace bae
