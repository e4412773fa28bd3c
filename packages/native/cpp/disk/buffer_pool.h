#pragma once
#include <libtorrent/disk_buffer_holder.hpp>
#include <libtorrent/span.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace bae {

// The memory of one piece, aligned to 4096 bytes so that a store may write it with direct I/O. Goes back to
// the pool when the last owner lets go: libtorrent's jobs, the hasher, or JavaScript it was lent to.
using PieceMemory = std::shared_ptr<char>;

// Memory of pieces and of blocks for the whole process. It is never destroyed: libtorrent's socket queues
// may hold blocks after the session is gone, and JavaScript may hold lent pieces. Any thread.
class BufferPool final : public lt::buffer_allocator_interface {
 public:
  static BufferPool& instance();

  PieceMemory piece(std::size_t bytes);

  // Pages of the system, zeroes. Throws bad_alloc.
  static char* mapPages(std::size_t bytes);
  // Pages of just that size that were given back; null where there are none. They hold old bytes.
  char* takeIdle(std::size_t bytes);
  // Of `mapPages` or `takeIdle`.
  void giveBack(char* memory, std::size_t bytes) noexcept;

  // A block for libtorrent to send. `bytes` is at most 16 KiB.
  lt::disk_buffer_holder block(int bytes);

  void free_disk_buffer(char* buffer) override;
  // Pure virtual in libtorrent 2.1, unknown before: no `override`, so that both compile.
  void free_multiple_buffers(lt::span<char*> buffers) {
    for (char* buffer : buffers) free_disk_buffer(buffer);
  }

 private:
  BufferPool() = default;
  // With the mutex held.
  bool makeRoom(std::size_t bytes);

  std::mutex m_mutex;
  // Idle pieces by size, kept because fresh memory costs a page fault for each 4 KiB.
  std::map<std::size_t, std::vector<char*>> m_idle;
  std::size_t m_idleBytes = 0;
};

}  // namespace bae
