#pragma once
#include <memory>

#include "network_queue.h"
#include "storage_request.h"

namespace bae {

// What the disk backend knows of whoever keeps the bytes: an ordered way to ask. JsChannel is the one of the
// product; tests of the backend answer in C++.
class StorageChannel {
 public:
  virtual ~StorageChannel() = default;

  // Any thread. `reply` runs on the network thread, exactly once, unless the queue was taken away.
  virtual void send(StorageRequest request, ReplyHandler reply) = 0;

  // Given when the disk backend is made, taken away when it dies (nothing is open then).
  virtual void setNetworkQueue(std::shared_ptr<NetworkQueue> queue) = 0;
};

}  // namespace bae
