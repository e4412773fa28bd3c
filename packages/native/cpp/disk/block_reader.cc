#include "block_reader.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace bae {

BlockReader::BlockReader(DiskServices& services, Options options, PieceGeometry const& geometry,
                         PieceMarks const& marks, PieceWriter const& writer)
    : m_services(services), m_options(std::move(options)), m_geometry(geometry), m_marks(marks), m_writer(writer) {}

void BlockReader::read(int piece, PieceRange range, bool once, ReadHandler handler) {
  if (isStoredWhole(piece, range)) {
    readStored({piece, range, range, {}, std::move(handler)}, once);
    return;
  }
  lt::disk_buffer_holder block;
  try {
    block = BufferPool::instance().block(range.length);
  } catch (std::bad_alloc const&) {
    answerLater(std::move(handler), {}, StorageOutcome::outOfMemory);
    return;
  }
  auto missing = m_writer.copyBuffered(piece, range, block.data());
  if (missing) missing = withoutPadding(piece, *missing, block.data() + (missing->offset - range.offset));
  if (!missing) {
    answerLater(std::move(handler), std::move(block), {});
  } else {
    readStored({piece, range, *missing, std::move(block), std::move(handler)}, once);
  }
}

// Nearly always: nothing of it is here, and it does not end with padding.
bool BlockReader::isStoredWhole(int piece, PieceRange range) const {
  return !m_writer.holds(piece) && !m_geometry.isPadding(piece, range) &&
         range.offset + range.length <= m_geometry.payloadBytes(piece);
}

// The padding that ends a range is zeroed; what is left of it is JavaScript's, or nothing.
std::optional<PieceRange> BlockReader::withoutPadding(int piece, PieceRange range, char* bytes) const {
  bool const isPadding = m_geometry.isPadding(piece, range);
  int const length = isPadding ? 0 : std::min(range.length, m_geometry.payloadBytes(piece) - range.offset);
  std::memset(bytes + length, 0, std::size_t(range.length - length));
  return isPadding ? std::nullopt : std::optional(PieceRange{range.offset, length});
}

void BlockReader::readStored(BlockRead read, bool once) {
  m_options.whenOpened([this, once, read = std::move(read), keep = m_options.keepAlive()](StorageResult result) mutable {
    auto const window = ReadCache::windowOf(read.missing, m_geometry.payloadBytes(read.piece));
    if (!result.ok()) {
      answerLater(std::move(read.handler), {}, result);
    } else if (window.length == 0 || once || !m_marks.isWhole(read.piece)) {
      fetchBlock(std::move(read));
    } else {
      readWindow(std::move(read), window);
    }
  });
}

void BlockReader::readWindow(BlockRead read, PieceRange range) {
  auto const window = m_services.readCache.find(m_options.storageIndex, read.piece, range.offset);
  if (!window) {
    fetchWindow(read.piece, range, std::move(read));
  } else if (!window->ready) {
    window->waiting.push_back([this, window, read = std::move(read), keep = m_options.keepAlive()](StorageResult result) mutable {
      answerFrom(*window, read, result);
    });
  } else {
    m_services.network->post([this, window, read = std::move(read), keep = m_options.keepAlive()]() mutable {
      answerFrom(*window, read, {});
    });
  }
}

void BlockReader::fetchWindow(int piece, PieceRange range, BlockRead read) {
  std::shared_ptr<ReadWindow> window;
  try {
    window = m_services.readCache.add(m_options.storageIndex, piece, range);
  } catch (std::bad_alloc const&) {
    // Then without a window.
  }
  if (!window) {
    fetchBlock(std::move(read));
    return;
  }
  auto fetched = [this, piece, window, read = std::move(read), keep = m_options.keepAlive()](StorageReply& reply) mutable {
    window->ready = true;
    if (reply.result().ok()) {
      m_geometry.zeroPadding(piece, window->range, window->memory.get());
    } else {
      m_services.readCache.forget(m_options.storageIndex, piece);
    }
    answerFrom(*window, read, reply.result());
    auto waiting = std::move(window->waiting);
    for (auto& tell : waiting) tell(reply.result());
  };
  try {
    m_services.read(m_options.storageIndex, piece, range, window->memory, std::move(fetched));
  } catch (...) {
    // Nobody may wait for what nobody fetches.
    m_services.readCache.forget(m_options.storageIndex, piece);
    throw;
  }
}

void BlockReader::fetchBlock(BlockRead read) {
  PieceMemory into;
  try {
    into = BufferPool::instance().piece(std::size_t(read.missing.length));
  } catch (std::bad_alloc const&) {
    answerLater(std::move(read.handler), {}, StorageOutcome::outOfMemory);
    return;
  }
  int const piece = read.piece;
  PieceRange const range = read.missing;
  m_services.read(m_options.storageIndex, piece, range, into,
                  [this, into, read = std::move(read), keep = m_options.keepAlive()](StorageReply& reply) mutable {
                    answer(read, into.get() - read.missing.offset, reply.result());
                  });
}

void BlockReader::answerFrom(ReadWindow& window, BlockRead& read, StorageResult result) {
  bool const isAll = result.ok() && !read.block;
  try {
    if (isAll) read.block = window.block(read.wanted);
  } catch (std::bad_alloc const&) {
    // Then a copy, if there is memory for that.
  }
  if (isAll && read.block) {
    give(read);
  } else {
    answer(read, window.memory.get() - window.range.offset, result);
  }
}

// `bytes` is where byte 0 of the piece would be.
void BlockReader::answer(BlockRead& read, char const* bytes, StorageResult result) {
  try {
    if (result.ok() && !read.block) read.block = BufferPool::instance().block(read.wanted.length);
  } catch (std::bad_alloc const&) {
    result = StorageOutcome::outOfMemory;
  }
  if (!result.ok()) {
    read.handler({}, toStorageError(result, lt::operation_t::file_read));
    m_options.finished();
    return;
  }
  char* const to = read.block.data() + (read.missing.offset - read.wanted.offset);
  std::memcpy(to, bytes + read.missing.offset, std::size_t(read.missing.length));
  m_geometry.zeroPadding(read.piece, read.missing, to);
  give(read);
}

void BlockReader::give(BlockRead& read) {
  m_services.counters.inc_stats_counter(lt::counters::num_blocks_read);
  read.handler(std::move(read.block), {});
  m_options.finished();
}

void BlockReader::answerLater(ReadHandler handler, lt::disk_buffer_holder block, StorageResult result) {
  m_services.network->post([this, handler = std::move(handler), block = std::move(block), result,
                            keep = m_options.keepAlive()]() mutable {
    if (result.ok()) m_services.counters.inc_stats_counter(lt::counters::num_blocks_read);
    handler(std::move(block), toStorageError(result, lt::operation_t::file_read));
    m_options.finished();
  });
}

}  // namespace bae
