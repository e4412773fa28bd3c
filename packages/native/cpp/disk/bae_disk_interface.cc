#include "bae_disk_interface.h"

#include <libtorrent/session_handle.hpp>
#include <libtorrent/settings_pack.hpp>

#include "lt_compat.h"

namespace bae {
namespace {

std::string lastElement(std::string const& path) {
  auto const end = path.find_last_not_of('/');
  if (end == std::string::npos) return {};
  auto const slash = path.rfind('/', end);
  return path.substr(slash == std::string::npos ? 0 : slash + 1, end - (slash == std::string::npos ? 0 : slash + 1) + 1);
}

}  // namespace

BaeDiskInterface::BaeDiskInterface(lt::io_context& io, lt::counters& counters, std::shared_ptr<StorageChannel> channel,
                                   std::shared_ptr<TorrentRegistry> registry, DiskServices::Limits limits,
                                   lt::settings_interface const* settings)
    : m_settings(settings),
      m_services(std::make_shared<DiskServices>(io, channel, limits, counters)),
      m_network(m_services->network),
      m_channel(std::move(channel)),
      m_registry(std::move(registry)) {
  settings_updated();
  m_channel->setNetworkQueue(m_network);
}

BaeDiskInterface::~BaeDiskInterface() { m_channel->setNetworkQueue(nullptr); }

lt::storage_holder BaeDiskInterface::new_torrent(lt::storage_params const& params, std::shared_ptr<void> const&) {
  lt::storage_index_t const index(m_nextIndex++);
  auto const context = m_registry->find(lastElement(savePathOf(params)));
  // A magnet's metadata has arrived just now; we are on the network thread, so asking for it does not wait.
  if (context && !context->info) context->info = context->handle.torrent_file();
  if (context && context->info && m_services) {
    auto const entry = std::make_shared<StorageEntry>(m_services, int(std::uint32_t(index)), context);
    context->storage = entry;
    auto const added = m_storages.emplace(index, entry).first;
    try {
      entry->open();
    } catch (...) {
      // Nobody has its index, to remove it by: the services would never end.
      m_storages.erase(added);
      throw;
    }
  }
  return lt::storage_holder(index, *this);
}

void BaeDiskInterface::remove_torrent(lt::storage_index_t index) {
  auto const node = m_storages.extract(index);
  if (!node.empty()) node.mapped()->remove();
}

StorageEntry* BaeDiskInterface::find(lt::storage_index_t index) const {
  if (!m_services) return nullptr;
  auto const found = m_storages.find(index);
  return found == m_storages.end() ? nullptr : found->second.get();
}

void BaeDiskInterface::post(UniqueTask answer) { m_network->post(std::move(answer)); }

lt::storage_error BaeDiskInterface::unusable(lt::operation_t operation) const {
  if (!m_services) return toStorageError(StorageOutcome::aborted, operation);
  auto const code = boost::system::errc::make_error_code(boost::system::errc::no_such_device);
  return lt::storage_error(code, lt::file_index_t(0), operation);
}

void BaeDiskInterface::async_read(lt::storage_index_t index, lt::peer_request const& request, ReadHandler handler,
                                  lt::disk_job_flags_t flags) {
  if (auto* const storage = find(index)) {
    storage->read(request, std::move(handler), flags);
  } else {
    post([handler = std::move(handler), error = unusable(lt::operation_t::file_read)] { handler({}, error); });
  }
}

bool BaeDiskInterface::async_write(lt::storage_index_t index, lt::peer_request const& request, char const* bytes,
                                   std::shared_ptr<lt::disk_observer> observer, WriteHandler handler,
                                   lt::disk_job_flags_t) {
  if (auto* const storage = find(index)) return storage->write(request, bytes, observer, std::move(handler));
  post([handler = std::move(handler), error = unusable(lt::operation_t::file_write)] { handler(error); });
  return false;
}

void BaeDiskInterface::async_hash(lt::storage_index_t index, lt::piece_index_t piece, lt::span<lt::sha256_hash> v2,
                                  lt::disk_job_flags_t flags, HashHandler handler) {
  if (auto* const storage = find(index)) {
    HashJob job;
    job.wantV1 = bool(flags & v1_hash);
    // A piece that was just fetched may be volatile, too, but is then also to be flushed.
    job.isCheck = bool(flags & volatile_read) && !(flags & flush_piece);
    job.v2 = v2;
    job.handler = std::move(handler);
    storage->hash(int(piece), std::move(job));
  } else {
    post([piece, handler = std::move(handler), error = unusable(lt::operation_t::file_read)] {
      handler(piece, {}, error);
    });
  }
}

void BaeDiskInterface::async_hash2(lt::storage_index_t index, lt::piece_index_t piece, int offset,
                                   lt::disk_job_flags_t, BlockHashHandler handler) {
  if (auto* const storage = find(index)) {
    storage->hashBlock(int(piece), offset, std::move(handler));
  } else {
    post([piece, handler = std::move(handler), error = unusable(lt::operation_t::file_read)] {
      handler(piece, {}, error);
    });
  }
}

// There is no place to move to: the store decides where bytes live, and the path carries the torrent's id.
void BaeDiskInterface::async_move_storage(
    lt::storage_index_t, std::string path, lt::move_flags_t,
    std::function<void(lt::status_t, std::string const&, lt::storage_error const&)> handler) {
  auto const refused = boost::system::errc::make_error_code(boost::system::errc::operation_not_supported);
  post([path = std::move(path), handler = std::move(handler),
        error = lt::storage_error(refused, lt::file_index_t(0), lt::operation_t::file_rename)] {
    handler(kFatalDiskError, path, error);
  });
}

void BaeDiskInterface::async_release_files(lt::storage_index_t index, std::function<void()> handler) {
  auto answer = [handler = std::move(handler)] {
    if (handler) handler();
  };
  if (auto* const storage = find(index)) {
    storage->exclusive(std::move(answer), lt::counters::num_fenced_release_files);
  } else {
    post(std::move(answer));
  }
}

void BaeDiskInterface::async_check_files(lt::storage_index_t index, lt::add_torrent_params const* resume,
                                         lt::aux::vector<std::string, lt::file_index_t>, CheckHandler handler) {
  if (auto* const storage = find(index)) {
    storage->check(resume, std::move(handler));
  } else {
    post([handler = std::move(handler), error = unusable(lt::operation_t::file_open)] {
      handler(kFatalDiskError, error);
    });
  }
}

void BaeDiskInterface::async_stop_torrent(lt::storage_index_t index, std::function<void()> handler) {
  auto answer = [handler = std::move(handler)] {
    if (handler) handler();
  };
  if (auto* const storage = find(index)) {
    storage->stop(std::move(answer));
  } else {
    post(std::move(answer));
  }
}

void BaeDiskInterface::async_rename_file(
    lt::storage_index_t, lt::file_index_t file, std::string name,
    std::function<void(std::string const&, lt::file_index_t, lt::storage_error const&)> handler) {
  post([file, name = std::move(name), handler = std::move(handler)] { handler(name, file, {}); });
}

void BaeDiskInterface::async_delete_files(lt::storage_index_t index, lt::remove_flags_t options,
                                          std::function<void(lt::storage_error const&)> handler) {
  auto* const storage = find(index);
  if (storage != nullptr && (options & lt::session_handle::delete_files)) {
    storage->deleteData(std::move(handler));
  } else {
    post([handler = std::move(handler)] { handler({}); });
  }
}

void BaeDiskInterface::async_set_file_priority(
    lt::storage_index_t, lt::aux::vector<lt::download_priority_t, lt::file_index_t> priorities,
    std::function<void(lt::storage_error const&, lt::aux::vector<lt::download_priority_t, lt::file_index_t>)> handler) {
  post([priorities = std::move(priorities), handler = std::move(handler)]() mutable {
    handler({}, std::move(priorities));
  });
}

void BaeDiskInterface::async_clear_piece(lt::storage_index_t index, lt::piece_index_t piece, ClearHandler handler) {
  if (auto* const storage = find(index)) {
    storage->clearPiece(int(piece), std::move(handler));
  } else {
    post([piece, handler = std::move(handler)] { handler(piece); });
  }
}

void BaeDiskInterface::update_stats_counters(lt::counters& counters) const {
  if (!m_services) return;
  auto const& jobs = m_services->jobs;
  int waiting = 0;
  for (auto const& [index, storage] : m_storages) waiting += storage->fence().waiting();
  counters.set_value(lt::counters::num_read_jobs, jobs.reads);
  counters.set_value(lt::counters::num_write_jobs, jobs.writes);
  counters.set_value(lt::counters::num_jobs, jobs.reads + jobs.writes + jobs.hashes);
  counters.set_value(lt::counters::queued_disk_jobs, waiting);
  auto const heldBytes = m_services->budget.pendingBytes() + m_services->halfPieces.heldBytes();
  counters.set_value(lt::counters::disk_blocks_in_use, (heldBytes + kBlockBytes - 1) / kBlockBytes);
}

void BaeDiskInterface::settings_updated() {
  if (!m_services || m_settings == nullptr) return;
  m_services->budget.setHighMark(std::max(1, m_settings->get_int(lt::settings_pack::max_queued_disk_bytes)));
}

// Comes once all torrents are stopped, and again when the session is destroyed. Storages that JavaScript has
// not closed yet hold the services, and with them the io_context, until it has.
void BaeDiskInterface::abort(bool) { m_services.reset(); }

}  // namespace bae
