#pragma once
#include <libtorrent/disk_buffer_holder.hpp>
#include <libtorrent/span.hpp>

#include <atomic>
#include <cstdint>
#include <memory>

#include "piece_buffer.h"

namespace bae {

// Blocks for libtorrent that are parts of memory read before, which nobody changes any more: without a copy of each.
// They hold all of that memory, and may outlive the session, as those of the pool may. A peer that wants a block of each
// of many pieces would so hold many times what it gets: above a limit blocks are to be copied instead.
class LentBlocks final : public lt::buffer_allocator_interface {
 public:
  // Of the whole process. What is in the read cache may be a part of it.
  static constexpr std::int64_t kMostBytes = std::int64_t(64) << 20;

  struct LetGo {
    void operator()(LentBlocks* blocks) const { blocks->release(); }
  };
  using Owner = std::unique_ptr<LentBlocks, LetGo>;

  // Null where so much is lent already. The memory is held until the owner and all blocks are gone. Throws bad_alloc.
  static Owner of(PieceMemory memory, std::size_t bytes);

  // `offset` counts from where the memory begins. Network thread.
  lt::disk_buffer_holder block(int offset, int length);

  // Any thread.
  void free_disk_buffer(char*) override { release(); }
  // As in BufferPool: not in libtorrent 2.0.
  void free_multiple_buffers(lt::span<char*> buffers) {
    for (char* buffer : buffers) free_disk_buffer(buffer);
  }

 private:
  LentBlocks(PieceMemory memory, std::size_t bytes);
  ~LentBlocks();
  void release();

  PieceMemory const m_memory;
  std::int64_t const m_bytes;
  // The owner and every block.
  std::atomic<int> m_holders{1};
};

}  // namespace bae
