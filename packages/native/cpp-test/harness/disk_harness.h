#pragma once
#include <libtorrent/disk_interface.hpp>
#include <libtorrent/disk_observer.hpp>
#include <libtorrent/io_context.hpp>
#include <libtorrent/performance_counters.hpp>
#include <libtorrent/session_settings.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "disk/bae_disk_interface.h"
#include "harness/answer.h"
#include "harness/fake_storage.h"
#include "harness/test_torrent.h"

namespace bae::test {

struct ReadAnswer {
  lt::disk_buffer_holder block;
  lt::storage_error error;
  std::string bytes(int length) const { return std::string(block.data(), std::size_t(length)); }
};

struct HashAnswer {
  int piece;
  lt::sha1_hash v1;
  lt::storage_error error;
  // What stood in the caller's span when the handler ran.
  std::vector<lt::sha256_hash> v2;
};

struct CheckAnswer {
  lt::status_t status;
  lt::storage_error error;
};

// A peer as the backend knows it: told when it may go on.
struct Observer final : lt::disk_observer {
  void on_disk() override { ++told; }
  std::atomic<int> told{0};
};

struct WriteCall {
  Answer<lt::storage_error> answer;
  // What async_write returned: stop sending.
  bool exceeded;
};

// What libtorrent does with the last block of a piece: it asks for the hash in the same breath.
struct Download {
  std::vector<WriteCall> writes;
  Answer<HashAnswer> hash;

  bool anyWriteArrived() const;
  // Waits for all of it; true when every write went well.
  bool stored() const;
};

// The disk backend alone, on a network thread of its own, asked as libtorrent asks it. At the end every handler that
// was given must have run once and died, both on the network thread.
class DiskHarness {
 public:
  static constexpr DiskServices::Limits kLimits{std::int64_t(16) << 20, std::int64_t(64) << 20};

  explicit DiskHarness(DiskServices::Limits limits = kLimits);
  ~DiskHarness();

  FakeStorage& storage() { return *m_storage; }
  lt::counters& counters() { return m_counters; }
  lt::disk_interface& disk() { return *m_disk; }

  // new_torrent(); the index counts from 0.
  lt::storage_index_t add(TestTorrent const& torrent);
  // What ~storage_holder does.
  void remove(lt::storage_index_t index);

  WriteCall write(lt::storage_index_t index, int piece, int offset, std::string const& bytes,
                  std::shared_ptr<lt::disk_observer> observer = nullptr);
  // All blocks of a piece, in the order of their numbers, and its hash. `bytes` instead of the right ones.
  Download download(lt::storage_index_t index, TestTorrent const& torrent, int piece, std::string const& bytes = {});
  Answer<ReadAnswer> read(lt::storage_index_t index, int piece, int offset, int length,
                          lt::disk_job_flags_t flags = {});
  Answer<HashAnswer> hash(lt::storage_index_t index, TestTorrent const& torrent, int piece,
                          lt::disk_job_flags_t flags = {});
  Answer<int> clear(lt::storage_index_t index, int piece);
  Answer<bool> stop(lt::storage_index_t index);
  Answer<bool> releaseFiles(lt::storage_index_t index);
  Answer<lt::storage_error> deleteFiles(lt::storage_index_t index);
  Answer<CheckAnswer> check(lt::storage_index_t index, lt::add_torrent_params const* resume);

  // In the next call one request for memory fails, the one after so many; what the call throws then is taken for an
  // answer. Afterwards: whether there were so many.
  void failMemory(int after) { m_failMemoryAfter = after; }
  bool memoryFailed() const { return m_memoryFailed; }

  // Runs on the network thread; waits for it.
  void onNetwork(std::function<void()> task);
  // Whatever was posted before has run.
  void drainNetwork() {
    for (int turn = 0; turn < 3; ++turn) onNetwork([] {});
  }

  // What libtorrent does at the end; then nothing is left to wait for. Once.
  void shutDown();
  // Complaints about handlers; empty is right. After shutDown().
  std::string fates() const;

 private:
  template <typename Value>
  Answer<Value> expect(std::string what);
  // Network thread: what the backend is asked for.
  template <typename Value, typename Call>
  void ask(Answer<Value> const& answer, Call call);
  // Network thread.
  bool writeNow(Answer<lt::storage_error> const& answer, lt::storage_index_t index, int piece, int offset,
                std::string const& bytes, std::shared_ptr<lt::disk_observer> observer);
  void hashNow(Answer<HashAnswer> const& answer, lt::storage_index_t index, TestTorrent const& torrent, int piece,
               lt::disk_job_flags_t flags);

  lt::io_context m_io;
  lt::counters m_counters;
  std::shared_ptr<FakeStorage> m_storage;
  std::shared_ptr<TorrentRegistry> m_registry;
  std::unique_ptr<BaeDiskInterface> m_disk;
  std::vector<lt::storage_holder> m_holders;
  std::vector<std::shared_ptr<TorrentContext>> m_contexts;
  std::vector<std::shared_ptr<HandlerFate>> m_fates;
  std::unique_ptr<boost::asio::executor_work_guard<lt::io_context::executor_type>> m_work;
  std::thread m_network;
  std::thread::id m_networkId;
  std::optional<int> m_failMemoryAfter;
  bool m_memoryFailed = false;
};

}  // namespace bae::test
