#include "piece_hashing.h"

#include <algorithm>
#include <new>

namespace bae {
namespace {
constexpr int kWindowBytes = 4 * 1024 * 1024;
// When so much is read back already.
constexpr std::int64_t kManyBytes = 32 * 1024 * 1024;
constexpr int kSmallWindowBytes = 256 * 1024;
}

void PieceHashing::start(DiskServices& services, PieceGeometry const& geometry, Order order, Done done) {
  std::make_shared<PieceHashing>(services, geometry, std::move(order), std::move(done))->advance();
}

PieceHashing::PieceHashing(DiskServices& services, PieceGeometry const& geometry, Order order, Done done)
    : m_services(services),
      m_geometry(geometry),
      m_order(std::move(order)),
      m_done(std::move(done)),
      m_hasher(m_order.v1Bytes, m_order.leafRanges) {
  auto& segments = m_order.segments;
  int const end = segments.empty() ? 0 : segments.back().range.offset + segments.back().range.length;
  int const left = m_order.v1Bytes - end;
  if (left > 0) segments.push_back({{end, left}, nullptr, false});
}

void PieceHashing::advance() {
  if (m_result.ok() && m_order.cancelled && *m_order.cancelled) m_result = StorageOutcome::aborted;
  try {
    while (m_result.ok()) {
      if (!m_prepared && !m_fetching && m_next < m_order.segments.size()) prepareNext();
      if (m_hashing || !m_prepared) break;
      hashPrepared();
    }
  } catch (std::bad_alloc const&) {
    m_result = StorageOutcome::outOfMemory;
  }
  bool const nothingLeft = !m_result.ok() || (m_next == m_order.segments.size() && !m_prepared);
  if (nothingLeft && !m_hashing && !m_fetching) finish();
}

void PieceHashing::prepareNext() {
  Segment& segment = m_order.segments[m_next];
  if (segment.isStored) {
    fetchNextOf(segment);
    if (segment.range.length == 0) ++m_next;
  } else {
    m_prepared = std::move(segment);
    ++m_next;
  }
}

int PieceHashing::windowBytes() const {
  return m_services.readBackBytes + kWindowBytes > kManyBytes ? kSmallWindowBytes : kWindowBytes;
}

// The first window of what is left of it.
void PieceHashing::fetchNextOf(Segment& segment) {
  PieceRange const range{segment.range.offset, std::min(windowBytes(), segment.range.length)};
  auto const memory = BufferPool::instance().piece(std::size_t(range.length));
  m_services.read(m_order.storageIndex, m_order.piece, range, memory,
                  [self = shared_from_this(), range, memory](StorageReply& reply) {
                    self->m_fetching = false;
                    if (reply.outcome != StorageOutcome::ok) {
                      self->m_services.readBackBytes -= range.length;
                      if (self->m_result.ok()) self->m_result = reply.result();
                    } else {
                      self->m_geometry.zeroPadding(self->m_order.piece, range, memory.get());
                      self->m_prepared = Segment{range, memory, true};
                    }
                    self->advance();
                  });
  m_fetching = true;
  segment.range = {range.offset + range.length, segment.range.length - range.length};
  m_services.readBackBytes += range.length;
  m_services.counters.inc_stats_counter(lt::counters::num_read_back, blocksIn(range));
}

void PieceHashing::hashPrepared() {
  HashTask task;
  task.hasher = &m_hasher;
  task.bytes = m_prepared->memory.get();
  task.length = m_prepared->range.length;
  task.done = [self = shared_from_this(), segment = *m_prepared](std::int64_t microseconds) mutable {
    auto& services = self->m_services;
    services.counters.inc_stats_counter(lt::counters::num_blocks_hashed, blocksIn(segment.range));
    services.counters.inc_stats_counter(lt::counters::disk_hash_time, microseconds);
    segment.memory.reset();
    // What the piece holds must die on the network thread.
    auto& network = *services.network;
    network.post([self = std::move(self), readBack = segment.isStored ? segment.range.length : 0] {
      self->m_hashing = false;
      self->m_services.readBackBytes -= readBack;
      self->advance();
    });
  };
  m_services.hasher.post(std::move(task));
  m_hashing = true;
  m_prepared.reset();
}

void PieceHashing::finish() {
  // What was fetched when another part failed.
  if (m_prepared && m_prepared->isStored) m_services.readBackBytes -= m_prepared->range.length;
  m_prepared.reset();
  m_services.network->post([self = shared_from_this()] {
    self->m_done(self->m_result, self->m_result.ok() ? self->m_hasher.finish() : PieceDigest());
  });
}

}  // namespace bae
