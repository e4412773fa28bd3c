#pragma once
#include <libtorrent/bitfield.hpp>
#include <libtorrent/torrent_info.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "disk_job.h"
#include "disk_services.h"
#include "piece_buffer.h"
#include "piece_digest.h"

namespace bae {

// Collects the blocks of a storage into pieces and brings each piece through the commit protocol: hashed off
// the network thread, given to JavaScript in one call, and only then answered, the writes first and the hash
// after them. Network thread only; its owner outlives every job (`keepAlive`).
class PieceWriter {
 public:
  struct Options {
    int storageIndex;
    std::shared_ptr<lt::torrent_info const> info;
    // A job of our own began: nothing exclusive may start until it is finished, too.
    std::function<void()> began;
    // So many jobs ended: ours, or writes and hashes whose handlers have run.
    std::function<void(int)> finished;
    std::function<std::shared_ptr<void>()> keepAlive;
  };

  PieceWriter(DiskServices& services, Options options);

  void write(int piece, int offset, char const* bytes, int length, WriteHandler handler);
  // Takes the hash of a piece whose blocks are all here or with JavaScript, and that is not answered yet; false
  // leaves `job` untouched.
  bool takeHash(int piece, HashJob& job);

  // Copies what is in memory of the range; returns the part that is not.
  std::optional<PieceRange> copyBuffered(int piece, PieceRange range, char* to) const;

  // Hands half pieces to JavaScript, so that their writes end without any further block.
  void flush();
  // The same for one half piece, when memory is short.
  void spill(int piece);
  // Ends the writes of half pieces without storing them: the data is going to be deleted.
  void dropHalfPieces();
  // Runs `then` when nothing of this piece is in flight; half a piece is dropped or, where single blocks
  // count (v2), handed to JavaScript.
  void clear(int piece, UniqueTask then);

  // What was given to JavaScript and not cleared since.
  bool isStored(int piece) const { return m_stored.get_bit(piece); }
  bool wasGiven(int piece) const { return m_given.get_bit(piece); }
  void setWantsBlockHashes(bool wanted) { m_wantsBlockHashes = wanted; }
  void setStored(lt::bitfield const& pieces);
  // A check found other bytes than the piece should have, or none.
  void foundWrong(int piece) { m_stored.clear_bit(piece); }
  void foundMissing(int piece);
  bool isPadding(int piece, PieceRange range) const;
  // JavaScript cleared it. Where single blocks count (v2) the others are still there to be read.
  void forgetGiven(int piece) {
    if (!m_hasV2) m_given.clear_bit(piece);
  }
  lt::bitfield const& stored() const { return m_stored; }

  int pieceBytes(int piece) const;
  int v2Bytes(int piece) const;

 private:
  struct BlockWrite {
    PieceRange range;
    WriteHandler handler;
  };
  struct PieceJob {
    PieceJob(int number, int bytes, bool replaces) : piece(number), buffer(bytes, replaces), replacesBlocks(replaces) {}
    // libtorrent asks for the hash once it has all blocks it wants. Where some replace others, only that tells us.
    bool ready() const { return buffer.complete() && (!replacesBlocks || hash.has_value()); }

    int piece;
    PieceBuffer buffer;
    // All blocks are with JavaScript already; those that come replace them.
    bool replacesBlocks;
    std::vector<BlockWrite> writes;
    std::optional<HashJob> hash;
    PieceDigest digest;
    // Calls to JavaScript that are open, and the first failure among them.
    int openCalls = 0;
    StorageOutcome outcome = StorageOutcome::ok;
    // From the moment it is ready, or dropped, until the answers: no block is taken into it any more.
    bool finishing = false;
    bool inBudget = false;
    // More blocks came while half the piece was being handed over, and somebody waits for them too.
    bool flushAgain = false;
    // What has to wait until no call is open.
    std::vector<UniqueTask> afterwards;
  };
  using JobPtr = std::shared_ptr<PieceJob>;

  JobPtr collecting(int piece);
  void writeLater(JobPtr const& job, PieceRange range, char const* bytes, WriteHandler handler);
  void drop(JobPtr const& job, StorageOutcome outcome);
  void markPadding(PieceJob& job);
  void finishIfComplete(JobPtr const& job);
  void readBack(JobPtr const& job);
  void hash(JobPtr const& job);
  void judge(JobPtr const& job);
  void store(JobPtr const& job);
  void stored(JobPtr const& job);
  void answer(JobPtr const& job, StorageOutcome outcome);
  void flushJob(JobPtr const& job);
  void flushed(JobPtr const& job, PieceRange range, StorageOutcome outcome);
  static std::string blockHashesOf(PieceJob const& job, PieceRange range);
  int answerWritesOf(PieceJob& job, PieceRange range);
  void giveToJs(JobPtr const& job, PieceRange range, ReplyHandler reply);
  void forget(JobPtr const& job);
  JobPtr find(int piece) const;
  void wait(JobPtr const& job, StorageOutcome outcome, void (PieceWriter::*next)(JobPtr const&));

  DiskServices& m_services;
  Options m_options;
  bool m_hasV1;
  bool m_hasV2;
  bool m_hasPadding = false;
  bool m_wantsBlockHashes = false;
  std::unordered_map<int, JobPtr> m_jobs;
  lt::bitfield m_stored;
  lt::bitfield m_given;
};

}  // namespace bae
