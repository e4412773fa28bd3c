#pragma once
#include <libtorrent/disk_buffer_holder.hpp>
#include <libtorrent/error_code.hpp>
#include <libtorrent/sha1_hash.hpp>
#include <libtorrent/span.hpp>
#include <libtorrent/units.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <functional>

#include "piece_digest.h"
#include "storage_request.h"

namespace bae {

// libtorrent's handlers, as disk_interface.hpp gives them. Moved, never copied; run once, from a posted task
// on the network thread, which is also where they are destroyed.
using WriteHandler = std::function<void(lt::storage_error const&)>;
using ReadHandler = std::function<void(lt::disk_buffer_holder, lt::storage_error const&)>;
using HashHandler = std::function<void(lt::piece_index_t, lt::sha1_hash const&, lt::storage_error const&)>;

// What libtorrent does with each is in torrent::handle_disk_error: no space means upload mode, aborted is
// silent, the rest pauses the torrent. The file index must be valid: some callers look the file up.
inline lt::storage_error toStorageError(StorageOutcome outcome, lt::operation_t operation) {
  auto const make = [&](lt::error_code code) { return lt::storage_error(code, lt::file_index_t(0), operation); };
  switch (outcome) {
    case StorageOutcome::ok: return {};
    case StorageOutcome::notFound: return make(boost::system::errc::make_error_code(boost::system::errc::no_such_file_or_directory));
    case StorageOutcome::noSpace: return make(boost::system::errc::make_error_code(boost::system::errc::no_space_on_device));
    case StorageOutcome::aborted: return make(boost::asio::error::operation_aborted);
    case StorageOutcome::timedOut: return make(boost::system::errc::make_error_code(boost::system::errc::timed_out));
    case StorageOutcome::io: break;
  }
  return make(boost::system::errc::make_error_code(boost::system::errc::io_error));
}

// A hash that was asked for: where the digests go, and who is told.
struct HashJob {
  HashJob() = default;
  HashJob(HashJob&&) = default;
  HashJob& operator=(HashJob&&) = default;

  // The leaves go where the handler will look for them.
  void give(PieceDigest const& digest) {
    auto const leaves = std::min(digest.leaves.size(), std::size_t(v2.size()));
    std::copy_n(digest.leaves.begin(), leaves, v2.begin());
  }

  bool wantV1 = false;
  // Owned by the handler, which must therefore outlive every write to it.
  lt::span<lt::sha256_hash> v2;
  HashHandler handler;
};

}  // namespace bae
