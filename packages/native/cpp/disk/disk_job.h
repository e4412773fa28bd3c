#pragma once
#include <libtorrent/disk_buffer_holder.hpp>
#include <libtorrent/error_code.hpp>
#include <libtorrent/sha1_hash.hpp>
#include <libtorrent/span.hpp>
#include <libtorrent/units.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "disk_error.h"
#include "piece_digest.h"
#include "storage_request.h"

namespace bae {

// libtorrent's handlers, as disk_interface.hpp gives them. Moved, never copied; run once, from a posted task
// on the network thread, which is also where they are destroyed.
using WriteHandler = std::function<void(lt::storage_error const&)>;
using ReadHandler = std::function<void(lt::disk_buffer_holder, lt::storage_error const&)>;
using HashHandler = std::function<void(lt::piece_index_t, lt::sha1_hash const&, lt::storage_error const&)>;

// A check of the whole torrent, until it is stopped or one of its hashes fails.
struct CheckRun {
  // Read by any thread. Once true, nobody wants the other digests.
  std::atomic<bool> ended{false};
  // The rest belongs to the network thread.
  StorageResult why;
  // Hashes that are being made.
  int open = 0;
  // Of a run that has ended, while some are still being made.
  std::vector<std::pair<lt::piece_index_t, HashHandler>> answers;
};

// A hash that was asked for: where the digests go, and who is told.
struct HashJob {
  HashJob() = default;
  HashJob(HashJob&&) = default;
  HashJob& operator=(HashJob&&) = default;

  // The leaves go where the handler will look for them. Zeroes, where there are none: at a check libtorrent 2.0 asks for
  // a piece with what it holds of an earlier one, and would take that for the leaves of this.
  void give(PieceDigest const& digest) {
    auto const leaves = std::min(digest.leaves.size(), std::size_t(v2.size()));
    std::fill(std::copy_n(digest.leaves.begin(), leaves, v2.begin()), v2.end(), lt::sha256_hash());
  }

  bool isCancelled() const { return check && check->ended; }

  bool wantV1 = false;
  // Of what was there before, which can be asked for again. Not of a piece that was just fetched.
  bool isCheck = false;
  std::shared_ptr<CheckRun> check;
  // Owned by the handler, which must therefore outlive every write to it.
  lt::span<lt::sha256_hash> v2;
  HashHandler handler;
};

}  // namespace bae
