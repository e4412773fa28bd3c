#include "disk_services.h"

#include <cstring>

namespace bae {

std::shared_ptr<void> DiskServices::countPending(std::int64_t bytes) {
  budget.add(bytes);
  // What it points to does not matter, but that it is not null.
  return {this, [weak = weak_from_this(), bytes](void*) {
            auto services = weak.lock();
            // The session is gone: nobody waits for room.
            if (!services) return;
            auto const queue = services->network;
            // The task is what holds the services now: this may be any thread, and they must not die on it.
            queue->post([services = std::move(services), bytes] { services->budget.remove(bytes); });
          }};
}

PieceMemory DiskServices::copyPending(char const* bytes, int length) {
  struct Counted {
    PieceMemory memory;
    std::shared_ptr<void> share;
  };
  auto const counted = std::make_shared<Counted>();
  counted->memory = BufferPool::instance().piece(std::size_t(length));
  std::memcpy(counted->memory.get(), bytes, std::size_t(length));
  counted->share = countPending(length);
  return PieceMemory(counted, counted->memory.get());
}

void DiskServices::read(int storageIndex, int piece, PieceRange range, PieceMemory into, ReplyHandler reply) {
  auto request = StorageRequest::of(RequestKind::readPiece, storageIndex, piece);
  request.offset = range.offset;
  request.length = range.length;
  request.into = std::move(into);
  counters.inc_stats_counter(lt::counters::num_read_ops);
  channel->send(std::move(request), [this, keep = shared_from_this(), watch = Stopwatch(), reply = std::move(reply)](
                                        StorageReply& answer) mutable {
    counters.inc_stats_counter(lt::counters::disk_read_time, watch.microseconds());
    reply(answer);
  });
}

}  // namespace bae
