#pragma once
#include <libtorrent/torrent_handle.hpp>
#include <libtorrent/torrent_info.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "unique_function.h"

namespace bae {

class StorageEntry;

// What we know of a torrent that libtorrent does not carry for us. Held by the torrent's plugin and by its
// storage: when both have let go, libtorrent and JavaScript are done with the torrent, and `onGone` runs.
struct TorrentContext {
  std::string torrentId;
  int handleNumber = 0;
  // Known at add for a .torrent file; for a magnet set on the network thread when the storage is made.
  std::shared_ptr<lt::torrent_info const> info;
  // The two below belong to the network thread.
  lt::torrent_handle handle;
  std::weak_ptr<StorageEntry> storage;
  UniqueTask onGone;

  ~TorrentContext() {
    if (onGone) onGone();
  }
};

// Finds the context of a torrent by the id that travels as the last element of its save path: that is known
// before any metadata and reaches new_torrent() unchanged. Any thread.
class TorrentRegistry {
 public:
  void add(std::shared_ptr<TorrentContext> const& context) {
    std::lock_guard<std::mutex> lock(m_mutex);
    m_contexts[context->torrentId] = context;
  }

  std::shared_ptr<TorrentContext> find(std::string const& torrentId) {
    std::lock_guard<std::mutex> lock(m_mutex);
    auto const found = m_contexts.find(torrentId);
    return found == m_contexts.end() ? nullptr : found->second.lock();
  }

  // Another torrent may have been added under the id since its last one died.
  void forgetDead(std::string const& torrentId) {
    std::lock_guard<std::mutex> lock(m_mutex);
    auto const found = m_contexts.find(torrentId);
    if (found != m_contexts.end() && found->second.expired()) m_contexts.erase(found);
  }

 private:
  std::mutex m_mutex;
  std::map<std::string, std::weak_ptr<TorrentContext>> m_contexts;
};

}  // namespace bae
