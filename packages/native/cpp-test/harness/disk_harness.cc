#include "harness/disk_harness.h"

#include <libtorrent/session_handle.hpp>

#include <doctest/doctest.h>

#include <algorithm>

#include "harness/failing_memory.h"

namespace bae::test {

DiskHarness::DiskHarness(DiskServices::Limits limits)
    : m_storage(std::make_shared<FakeStorage>()), m_registry(std::make_shared<TorrentRegistry>()) {
  m_work = std::make_unique<boost::asio::executor_work_guard<lt::io_context::executor_type>>(m_io.get_executor());
  m_disk = std::make_unique<BaeDiskInterface>(m_io, m_counters, m_storage, m_registry, limits);
  m_network = std::thread([this] { m_io.run(); });
  m_networkId = m_network.get_id();
}

DiskHarness::~DiskHarness() {
  if (m_network.joinable()) shutDown();
  auto const complaints = fates();
  CHECK_MESSAGE(complaints.empty(), complaints);
}

void DiskHarness::shutDown() {
  m_storage->plan({});
  m_storage->release();
  onNetwork([this] {
    m_holders.clear();
    m_contexts.clear();
    m_disk->abort(false);
  });
  m_work.reset();
  m_network.join();
  // Comes again from the thread that destroys the session.
  m_disk->abort(false);
  m_disk.reset();
}

std::string DiskHarness::fates() const {
  std::string complaints;
  for (auto const& fate : m_fates) {
    auto const complaint = fate->complaint(m_networkId);
    if (!complaint.empty()) complaints += complaint + "\n";
  }
  return complaints;
}

void DiskHarness::onNetwork(std::function<void()> task) {
  std::promise<void> done;
  boost::asio::post(m_io, [&] {
    task();
    done.set_value();
  });
  auto future = done.get_future();
  if (future.wait_for(kWaitLimit) != std::future_status::ready) throw std::runtime_error("the network thread is stuck");
  future.get();
}

template <typename Value>
Answer<Value> DiskHarness::expect(std::string what) {
  auto fate = std::make_shared<HandlerFate>();
  fate->what = std::move(what);
  m_fates.push_back(fate);
  return Answer<Value>(fate);
}

template <typename Value, typename Call>
void DiskHarness::ask(Answer<Value> const& answer, Call call) {
  if (!m_failMemoryAfter) {
    call();
    return;
  }
  FailingMemory const memory(*std::exchange(m_failMemoryAfter, std::nullopt));
  try {
    call();
  } catch (std::bad_alloc const&) {
    answer.refuse();
  }
  m_memoryFailed = memory.failed();
}

lt::storage_index_t DiskHarness::add(TestTorrent const& torrent) {
  lt::storage_index_t index{0};
  onNetwork([&] {
    auto context = std::make_shared<TorrentContext>();
    context->torrentId = "torrent-" + std::to_string(m_contexts.size());
    context->info = torrent.info;
    m_registry->add(context);
    m_contexts.push_back(context);
    lt::aux::vector<lt::download_priority_t, lt::file_index_t> const priorities;
    auto const path = "/bae/" + context->torrentId;
    lt::storage_params const params(torrent.info->orig_files(), nullptr, path, lt::storage_mode_sparse, priorities,
                                    torrent.info->info_hashes().get_best());
    m_holders.push_back(m_disk->new_torrent(params, nullptr));
    index = m_holders.back();
  });
  return index;
}

void DiskHarness::remove(lt::storage_index_t index) {
  onNetwork([&] {
    for (auto& holder : m_holders) {
      if (holder && lt::storage_index_t(holder) == index) holder.reset();
    }
  });
}

bool DiskHarness::writeNow(Answer<lt::storage_error> const& answer, lt::storage_index_t index, int piece, int offset,
                           std::string const& bytes, std::shared_ptr<lt::disk_observer> observer) {
  lt::peer_request const request{lt::piece_index_t(piece), offset, int(bytes.size())};
  // Valid only during the call: a backend that keeps the pointer reads what is written over it here.
  std::string lent = bytes;
  bool exceeded = false;
  WriteHandler handler = [take = answer.taker()](lt::storage_error const& error) { take(error); };
  ask(answer, [&] {
    exceeded = m_disk->async_write(index, request, lent.data(), std::move(observer), std::move(handler), {});
  });
  std::fill(lent.begin(), lent.end(), '\xee');
  return exceeded;
}

WriteCall DiskHarness::write(lt::storage_index_t index, int piece, int offset, std::string const& bytes,
                             std::shared_ptr<lt::disk_observer> observer) {
  WriteCall call{expect<lt::storage_error>("write of piece " + std::to_string(piece)), false};
  onNetwork([&] { call.exceeded = writeNow(call.answer, index, piece, offset, bytes, std::move(observer)); });
  return call;
}

Download DiskHarness::download(lt::storage_index_t index, TestTorrent const& torrent, int piece, std::string const& bytes) {
  std::string const content = bytes.empty() ? torrent.piece(piece) : bytes;
  Download call{{}, expect<HashAnswer>("hash of piece " + std::to_string(piece))};
  int const size = int(content.size());
  onNetwork([&] {
    for (int offset = 0; offset < size; offset += kBlockBytes) {
      auto const block = content.substr(std::size_t(offset), kBlockBytes);
      WriteCall write{expect<lt::storage_error>("write of piece " + std::to_string(piece)), false};
      write.exceeded = writeNow(write.answer, index, piece, offset, block, nullptr);
      call.writes.push_back(std::move(write));
    }
    hashNow(call.hash, index, torrent, piece, {});
  });
  return call;
}

bool Download::anyWriteArrived() const {
  return std::any_of(writes.begin(), writes.end(), [](auto const& write) { return write.answer.arrived(); });
}

bool Download::stored() const {
  bool fine = !hash.wait().error;
  for (auto const& write : writes) fine = !write.answer.wait() && fine;
  return fine;
}

Answer<ReadAnswer> DiskHarness::read(lt::storage_index_t index, int piece, int offset, int length,
                                     lt::disk_job_flags_t flags) {
  auto fate = std::make_shared<HandlerFate>();
  fate->what = "read of piece " + std::to_string(piece);
  m_fates.push_back(fate);
  Answer<ReadAnswer> answer(fate);
  onNetwork([&] {
    lt::peer_request const request{lt::piece_index_t(piece), offset, length};
    ReadHandler handler = [take = answer.taker()](lt::disk_buffer_holder block, lt::storage_error const& error) {
      take({std::move(block), error});
    };
    ask(answer, [&] { m_disk->async_read(index, request, std::move(handler), flags); });
  });
  return answer;
}

Answer<HashAnswer> DiskHarness::hash(lt::storage_index_t index, TestTorrent const& torrent, int piece,
                                     lt::disk_job_flags_t flags) {
  auto const answer = expect<HashAnswer>("hash of piece " + std::to_string(piece));
  onNetwork([&] { hashNow(answer, index, torrent, piece, flags); });
  return answer;
}

void DiskHarness::hashNow(Answer<HashAnswer> const& answer, lt::storage_index_t index, TestTorrent const& torrent,
                          int piece, lt::disk_job_flags_t flags) {
  bool const hasV1 = torrent.info->info_hashes().has_v1();
  bool const hasV2 = torrent.info->info_hashes().has_v2();
  auto const leaves = hasV2 ? torrent.info->orig_files().blocks_in_piece2(lt::piece_index_t(piece)) : 0;
  // As in libtorrent the digests belong to the handler, and at a check those of an earlier piece stand there.
  std::vector<lt::sha256_hash> v2(static_cast<std::size_t>(leaves), sha256Of("of an earlier piece"));
  lt::span<lt::sha256_hash> const span(v2);
  HashHandler handler = [take = answer.taker(), v2 = std::move(v2)](lt::piece_index_t which, lt::sha1_hash const& v1,
                                                                    lt::storage_error const& error) {
    take({int(which), v1, error, v2});
  };
  if (hasV1) flags |= lt::disk_interface::v1_hash;
  ask(answer, [&] { m_disk->async_hash(index, lt::piece_index_t(piece), span, flags, std::move(handler)); });
}

Answer<int> DiskHarness::clear(lt::storage_index_t index, int piece) {
  auto const answer = expect<int>("clear of piece " + std::to_string(piece));
  onNetwork([&] {
    ClearHandler handler = [take = answer.taker()](lt::piece_index_t which) { take(int(which)); };
    ask(answer, [&] { m_disk->async_clear_piece(index, lt::piece_index_t(piece), std::move(handler)); });
  });
  return answer;
}

Answer<bool> DiskHarness::stop(lt::storage_index_t index) {
  auto const answer = expect<bool>("stop");
  onNetwork([&] {
    std::function<void()> handler = [take = answer.taker()] { take(true); };
    ask(answer, [&] { m_disk->async_stop_torrent(index, std::move(handler)); });
  });
  return answer;
}

Answer<bool> DiskHarness::releaseFiles(lt::storage_index_t index) {
  auto const answer = expect<bool>("release");
  onNetwork([&] { m_disk->async_release_files(index, [take = answer.taker()] { take(true); }); });
  return answer;
}

Answer<lt::storage_error> DiskHarness::deleteFiles(lt::storage_index_t index) {
  auto const answer = expect<lt::storage_error>("delete");
  onNetwork([&] {
    WriteHandler handler = [take = answer.taker()](lt::storage_error const& error) { take(error); };
    ask(answer, [&] { m_disk->async_delete_files(index, lt::session_handle::delete_files, std::move(handler)); });
  });
  return answer;
}

Answer<CheckAnswer> DiskHarness::check(lt::storage_index_t index, lt::add_torrent_params const* resume) {
  auto const answer = expect<CheckAnswer>("check");
  onNetwork([&] {
    CheckHandler handler = [take = answer.taker()](lt::status_t status, lt::storage_error const& error) {
      take({status, error});
    };
    ask(answer, [&] { m_disk->async_check_files(index, resume, {}, std::move(handler)); });
  });
  return answer;
}

}  // namespace bae::test
