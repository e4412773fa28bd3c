#include "piece_hashing.h"

#include <algorithm>
#include <new>

namespace bae {
namespace {
constexpr int kWindowBytes = 4 * 1024 * 1024;
}

void PieceHashing::start(DiskServices& services, PieceGeometry const& geometry, Order order, Done done) {
  std::make_shared<PieceHashing>(services, geometry, std::move(order), std::move(done))->advance();
}

void PieceHashing::appendStored(PieceRange run, std::vector<Segment>& segments) {
  int const end = run.offset + run.length;
  for (int offset = run.offset; offset < end; offset += kWindowBytes) {
    segments.push_back({{offset, std::min(kWindowBytes, end - offset)}, nullptr, true});
  }
}

PieceHashing::PieceHashing(DiskServices& services, PieceGeometry const& geometry, Order order, Done done)
    : m_services(services),
      m_geometry(geometry),
      m_order(std::move(order)),
      m_done(std::move(done)),
      m_hasher(m_order.v1Bytes, m_order.leafBytes) {}

void PieceHashing::advance() {
  if (m_result.ok() && m_order.cancelled && *m_order.cancelled) m_result = StorageOutcome::aborted;
  while (m_result.ok()) {
    if (!m_prepared && !m_fetching && m_next < m_order.segments.size()) prepareNext();
    if (m_hashing || !m_prepared) break;
    hashPrepared();
  }
  bool const nothingLeft = !m_result.ok() || (m_next == m_order.segments.size() && !m_prepared);
  if (nothingLeft && !m_hashing && !m_fetching) finish();
}

void PieceHashing::prepareNext() {
  Segment const& segment = m_order.segments[m_next++];
  if (segment.isStored) {
    fetch(segment);
  } else {
    m_prepared = segment;
  }
}

void PieceHashing::fetch(Segment const& segment) {
  PieceMemory memory;
  try {
    memory = BufferPool::instance().piece(std::size_t(segment.range.length));
  } catch (std::bad_alloc const&) {
    m_result = StorageOutcome::outOfMemory;
    return;
  }
  m_fetching = true;
  m_services.counters.inc_stats_counter(lt::counters::num_read_back, blocksIn(segment.range));
  m_services.read(m_order.storageIndex, m_order.piece, segment.range, memory,
                  [self = shared_from_this(), range = segment.range, memory](StorageReply& reply) {
                    self->m_fetching = false;
                    if (reply.outcome != StorageOutcome::ok) {
                      if (self->m_result.ok()) self->m_result = reply.result();
                    } else {
                      self->m_geometry.zeroPadding(self->m_order.piece, range, memory.get());
                      self->m_prepared = Segment{range, memory, false};
                    }
                    self->advance();
                  });
}

void PieceHashing::hashPrepared() {
  m_hashing = true;
  m_services.hasher.post([self = shared_from_this(), segment = *std::exchange(m_prepared, std::nullopt)]() mutable {
    Stopwatch const watch;
    self->m_hasher.update(segment.memory.get(), segment.range.length);
    auto& services = self->m_services;
    services.counters.inc_stats_counter(lt::counters::num_blocks_hashed, blocksIn(segment.range));
    services.counters.inc_stats_counter(lt::counters::disk_hash_time, watch.microseconds());
    segment.memory.reset();
    // What the piece holds must die on the network thread.
    auto& network = *services.network;
    network.post([self = std::move(self)] {
      self->m_hashing = false;
      self->advance();
    });
  });
}

void PieceHashing::finish() {
  m_services.network->post([self = shared_from_this()] {
    self->m_done(self->m_result, self->m_result.ok() ? self->m_hasher.finish() : PieceDigest());
  });
}

}  // namespace bae
