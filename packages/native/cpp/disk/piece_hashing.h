#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "disk_services.h"
#include "piece_digest.h"
#include "piece_geometry.h"

namespace bae {

// Makes the digests of one piece: what is in memory is hashed where it lies, the rest is fetched from JavaScript in
// windows, the next while the last is hashed, so that a piece of any size costs two windows of memory, and many
// pieces at once small windows. Lives until it has told its result. Network thread, but for the hashing itself.
class PieceHashing : public std::enable_shared_from_this<PieceHashing> {
 public:
  // A part of the piece: in memory, or JavaScript's, or neither, which is padding.
  struct Segment {
    PieceRange range;
    PieceMemory memory;
    bool isStored;
  };
  struct Order {
    int storageIndex = -1;
    int piece = 0;
    // In order and without gaps. What they leave of the bytes to be hashed is padding.
    std::vector<Segment> segments;
    int v1Bytes = 0;
    // Each begins and ends with a leaf; none of these leaves is in two segments.
    std::vector<PieceRange> leafRanges;
    // Whoever owns the geometry, among others.
    std::shared_ptr<void> keepAlive;
    // Once true there is nobody who wants the digests; may be null.
    std::shared_ptr<std::atomic<bool> const> cancelled;
  };
  // From a posted task, when no call to JavaScript is open any more.
  using Done = UniqueFunction<StorageResult, PieceDigest>;

  static void start(DiskServices& services, PieceGeometry const& geometry, Order order, Done done);

  PieceHashing(DiskServices& services, PieceGeometry const& geometry, Order order, Done done);

 private:
  void advance();
  void prepareNext();
  void fetchNextOf(Segment& segment);
  void hashPrepared();
  int windowBytes() const;
  void finish();

  DiskServices& m_services;
  PieceGeometry const& m_geometry;
  Order m_order;
  Done m_done;
  PieceHasher m_hasher;
  std::size_t m_next = 0;
  std::optional<Segment> m_prepared;
  bool m_fetching = false;
  bool m_hashing = false;
  StorageResult m_result;
};

}  // namespace bae
