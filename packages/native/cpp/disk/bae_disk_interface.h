#pragma once
#include <libtorrent/disk_interface.hpp>

#include <map>
#include <memory>

#include "disk_services.h"
#include "storage_entry.h"
#include "torrent_context.h"

namespace bae {

// libtorrent's disk backend: finds the storage of a call and hands the call on. Holds no policy and no bytes.
// Every method runs on the network thread but the constructor, a second abort() and the destructor, which run
// on the thread that makes or destroys the session, when nothing else does.
// With `settings`, which then outlive it, the mark above which peers wait follows max_queued_disk_bytes; it is else
// what the limits say.
class BaeDiskInterface final : public lt::disk_interface {
 public:
  BaeDiskInterface(lt::io_context& io, lt::counters& counters, std::shared_ptr<StorageChannel> channel,
                   std::shared_ptr<TorrentRegistry> registry, DiskServices::Limits limits,
                   lt::settings_interface const* settings = nullptr);
  ~BaeDiskInterface() override;

  lt::storage_holder new_torrent(lt::storage_params const& params, std::shared_ptr<void> const& owner) override;
  void remove_torrent(lt::storage_index_t index) override;

  void async_read(lt::storage_index_t index, lt::peer_request const& request, ReadHandler handler,
                  lt::disk_job_flags_t flags) override;
  bool async_write(lt::storage_index_t index, lt::peer_request const& request, char const* bytes,
                   std::shared_ptr<lt::disk_observer> observer, WriteHandler handler,
                   lt::disk_job_flags_t flags) override;
  void async_hash(lt::storage_index_t index, lt::piece_index_t piece, lt::span<lt::sha256_hash> v2,
                  lt::disk_job_flags_t flags, HashHandler handler) override;
  void async_hash2(lt::storage_index_t index, lt::piece_index_t piece, int offset, lt::disk_job_flags_t flags,
                   BlockHashHandler handler) override;
  void async_move_storage(
      lt::storage_index_t index, std::string path, lt::move_flags_t flags,
      std::function<void(lt::status_t, std::string const&, lt::storage_error const&)> handler) override;
  void async_release_files(lt::storage_index_t index, std::function<void()> handler) override;
  void async_check_files(lt::storage_index_t index, lt::add_torrent_params const* resume,
                         lt::aux::vector<std::string, lt::file_index_t> links, CheckHandler handler) override;
  void async_stop_torrent(lt::storage_index_t index, std::function<void()> handler) override;
  void async_rename_file(
      lt::storage_index_t index, lt::file_index_t file, std::string name,
      std::function<void(std::string const&, lt::file_index_t, lt::storage_error const&)> handler) override;
  void async_delete_files(lt::storage_index_t index, lt::remove_flags_t options,
                          std::function<void(lt::storage_error const&)> handler) override;
  void async_set_file_priority(
      lt::storage_index_t index, lt::aux::vector<lt::download_priority_t, lt::file_index_t> priorities,
      std::function<void(lt::storage_error const&, lt::aux::vector<lt::download_priority_t, lt::file_index_t>)> handler)
      override;
  void async_clear_piece(lt::storage_index_t index, lt::piece_index_t piece, ClearHandler handler) override;

  void update_stats_counters(lt::counters& counters) const override;
  std::vector<lt::open_file_state> get_status(lt::storage_index_t) const override { return {}; }
  void abort(bool wait) override;
  // Jobs are sent when they are made.
  void submit_jobs() override {}
  void settings_updated() override;

 private:
  // Null when the torrent is not ours, or when the session is going down.
  StorageEntry* find(lt::storage_index_t index) const;
  void post(UniqueTask answer);
  lt::storage_error unusable(lt::operation_t operation) const;

  lt::settings_interface const* m_settings;
  std::shared_ptr<DiskServices> m_services;
  std::shared_ptr<NetworkQueue> m_network;
  std::shared_ptr<StorageChannel> m_channel;
  std::shared_ptr<TorrentRegistry> m_registry;
  std::map<lt::storage_index_t, std::shared_ptr<StorageEntry>> m_storages;
  std::uint32_t m_nextIndex = 0;
};

}  // namespace bae
