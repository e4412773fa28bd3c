#pragma once
#include <libtorrent/peer_request.hpp>

#include <functional>
#include <memory>
#include <optional>

#include "disk_job.h"
#include "disk_services.h"
#include "piece_geometry.h"
#include "piece_marks.h"
#include "piece_writer.h"

namespace bae {

// Reads blocks of one storage: from memory what is not stored yet, zeroes where there is padding, the rest from
// JavaScript, a window of the piece at a time and once however many ask. A block may be sent long after the piece has
// changed: it is a copy, or a part of a window, of which nothing changes any more. Network thread only.
class BlockReader {
 public:
  struct Options {
    int storageIndex;
    std::function<void(UniqueFunction<StorageResult>)> whenOpened;
    // A read ended: its handler has run.
    std::function<void()> finished;
    std::function<std::shared_ptr<void>()> keepAlive;
  };

  // The last three belong to the owner, too.
  BlockReader(DiskServices& services, Options options, PieceGeometry const& geometry, PieceMarks const& marks,
              PieceWriter const& writer);

  // `once`: the bytes are not worth remembering.
  void read(int piece, PieceRange range, bool once, ReadHandler handler);

 private:
  struct BlockRead {
    int piece;
    PieceRange wanted;
    // The part that was not in memory, and is fetched.
    PieceRange missing;
    // Empty where all of it is missing.
    lt::disk_buffer_holder block;
    ReadHandler handler;
  };
  bool isStoredWhole(int piece, PieceRange range) const;
  std::optional<PieceRange> withoutPadding(int piece, PieceRange range, char* bytes) const;
  void readStored(BlockRead read, bool once);
  void readWindow(BlockRead read, PieceRange range);
  void fetchWindow(int piece, PieceRange window, BlockRead read);
  void fetchBlock(BlockRead read);
  void answerFrom(ReadWindow& window, BlockRead& read, StorageResult result);
  void answer(BlockRead& read, char const* bytes, StorageResult result);
  void give(BlockRead& read);
  // From a posted task, as every handler must be called.
  void answerLater(ReadHandler handler, lt::disk_buffer_holder block, StorageResult result);

  DiskServices& m_services;
  Options m_options;
  PieceGeometry const& m_geometry;
  PieceMarks const& m_marks;
  PieceWriter const& m_writer;
};

}  // namespace bae
