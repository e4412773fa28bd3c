#pragma once
#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/disk_interface.hpp>
#include <libtorrent/peer_request.hpp>

#include <memory>
#include <unordered_map>
#include <vector>

#include "block_reader.h"
#include "disk_job.h"
#include "disk_services.h"
#include "piece_geometry.h"
#include "piece_marks.h"
#include "piece_writer.h"
#include "storage_fence.h"
#include "stored_hashes.h"
#include "torrent_context.h"

namespace bae {

using ClearHandler = std::function<void(lt::piece_index_t)>;
using BlockHashHandler = std::function<void(lt::piece_index_t, lt::sha256_hash const&, lt::storage_error const&)>;
using CheckHandler = std::function<void(lt::status_t, lt::storage_error const&)>;

// One storage of libtorrent, and its end of the conversation with JavaScript. Jobs hold it, so it outlives
// remove_torrent() until the last of them is answered; only then JavaScript is asked to close it. Network
// thread only.
class StorageEntry : public std::enable_shared_from_this<StorageEntry> {
 public:
  StorageEntry(std::shared_ptr<DiskServices> services, int index, std::shared_ptr<TorrentContext> context);

  // Before anything else.
  void open();

  void read(lt::peer_request const& request, ReadHandler handler, lt::disk_job_flags_t flags = {});
  // `bytes` is only valid during the call. True: the caller shall wait for its observer. Throws bad_alloc where the
  // block cannot even be refused.
  bool write(lt::peer_request const& request, char const* bytes, std::shared_ptr<lt::disk_observer> const& observer,
             WriteHandler handler);
  void hash(int piece, HashJob job);
  void hashBlock(int piece, int offset, BlockHashHandler handler);
  void clearPiece(int piece, ClearHandler handler);

  // `body` runs when all jobs before it have ended and half pieces are with JavaScript.
  void exclusive(UniqueTask body, int gauge = StorageFence::kNoGauge);
  // The same, and what is being checked needs no answer but that it was stopped.
  void stop(UniqueTask body);
  // `resume` is null when a check is forced.
  void check(lt::add_torrent_params const* resume, CheckHandler handler);
  void deleteData(std::function<void(lt::storage_error const&)> handler);

  // libtorrent found the hash right.
  void pieceCompleted(int piece);
  // libtorrent let go of the storage.
  void remove();

  StorageFence const& fence() const { return m_fence; }

 private:
  void opened(StorageReply const& reply);
  void whenOpened(UniqueFunction<StorageResult> task);
  // Whether or not it could be opened; it is not asked again.
  void whenOpenSettled(UniqueTask task);
  PieceWriter::Options writerOptions();
  BlockReader::Options readerOptions();
  StoredHashes::Options hashOptions();
  // What libtorrent believes to be there.
  struct Claim {
    explicit Claim(lt::add_torrent_params const* resume);
    bool isSeed = false;
    lt::typed_bitfield<lt::piece_index_t> pieces;
  };
  lt::status_t judgeResume(Claim const& claim) const;
  bool joinClear(int piece, ClearHandler& handler);
  void beginClear(int piece, ClearHandler handler);
  void askToClear(int piece);
  void cleared(int piece);
  void close(bool deleteData, ReplyHandler then);
  // Runs `answer` from a posted task, as every handler must be, and ends the job.
  void endWith(UniqueTask answer);

  std::shared_ptr<DiskServices> m_services;
  int m_index;
  std::shared_ptr<TorrentContext> m_context;
  StorageFence m_fence;
  PieceGeometry m_geometry;
  PieceMarks m_marks;
  PieceWriter m_writer;
  BlockReader m_reader;
  StoredHashes m_storedHashes;
  bool m_isOpen = false;
  StorageResult m_openResult;
  std::vector<UniqueFunction<StorageResult>> m_afterOpen;
  bool m_closeAsked = false;
  // Clears that are under way: a failed piece is cleared once for each of its blocks, and JavaScript told of it once.
  std::unordered_map<int, std::vector<ClearHandler>> m_clearing;
};

}  // namespace bae
