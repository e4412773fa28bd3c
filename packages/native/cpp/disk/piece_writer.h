#pragma once
#include <libtorrent/bitfield.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "disk_job.h"
#include "disk_services.h"
#include "piece_buffer.h"
#include "piece_digest.h"
#include "piece_geometry.h"
#include "piece_marks.h"

namespace bae {

// Collects the blocks of a storage into pieces and brings each piece through the commit protocol: hashed off
// the network thread, given to JavaScript in one call, and only then answered, the writes first and the hash
// after them. Network thread only; its owner outlives every job (`keepAlive`).
class PieceWriter {
 public:
  struct Options {
    int storageIndex;
    // A job of our own began: nothing exclusive may start until it is finished, too.
    std::function<void()> began;
    // So many jobs ended: ours, or writes and hashes whose handlers have run.
    std::function<void(int)> finished;
    // Runs its task once JavaScript has opened the storage, or could not.
    std::function<void(UniqueFunction<StorageResult>)> whenOpened;
    // Something waits until nothing of the storage is held: no half piece may wait for its other blocks.
    std::function<bool()> mustNotHold;
    std::function<std::shared_ptr<void>()> keepAlive;
  };

  // The last two belong to the owner, too.
  PieceWriter(DiskServices& services, Options options, PieceGeometry const& geometry, PieceMarks& marks);
  ~PieceWriter();

  void write(int piece, PieceRange range, char const* bytes, WriteHandler handler);
  // Takes the hash of a piece that has blocks here, and that is not answered yet; false leaves `job` untouched.
  bool takeHash(int piece, HashJob& job);

  // Some of the piece may be in memory.
  bool holds(int piece) const { return find(piece) != nullptr; }
  // Copies what is in memory of the range; returns the part that is not.
  std::optional<PieceRange> copyBuffered(int piece, PieceRange range, char* to) const;

  // Hands half pieces to JavaScript, so that their writes end without any further block.
  void flush();
  // The same for one half piece, when memory is short.
  void spill(int piece);
  // Ends the writes of half pieces without storing them: the data is going to be deleted.
  void dropHalfPieces();
  // libtorrent has forgotten all pieces, but not what it waits for: answers that come while this is held would make it
  // believe again in blocks and pieces that it is going to check.
  std::shared_ptr<void> staleAnswers() { return m_staleAnswers; }
  bool answersAreStale() const { return m_staleAnswers.use_count() > 1; }
  // Forgets blocks that nobody waits for.
  void forgetHalfPieces();
  // Runs `then` when nothing of this piece is in flight; half a piece is dropped or, where single blocks
  // count (v2), handed to JavaScript.
  void clear(int piece, UniqueTask then);

  void setWantsBlockHashes(bool wanted) { m_wantsBlockHashes = wanted; }

 private:
  struct BlockWrite {
    PieceRange range;
    WriteHandler handler;
  };
  struct PieceJob {
    PieceJob(int number, int payloadBytes, bool replaces) : piece(number), buffer(payloadBytes, replaces), replacesBlocks(replaces) {}
    // libtorrent asks for the hash once it has all blocks it wants. Where some replace others, only that tells us.
    bool ready() const { return buffer.complete() && (!replacesBlocks || hash.has_value()); }

    int piece;
    PieceBuffer buffer;
    // All blocks were here before; those that come replace them.
    bool replacesBlocks;
    std::vector<BlockWrite> writes;
    std::optional<HashJob> hash;
    PieceDigest digest;
    // Calls to JavaScript that are open, and the first failure among them.
    int openCalls = 0;
    StorageResult result;
    // From the moment it is ready, or dropped, until the answers: no block is taken into it any more.
    bool finishing = false;
    // Its blocks will not be stored.
    bool dropped = false;
    // Its bytes while they wait for JavaScript.
    std::shared_ptr<void> pending;
    // More blocks came while half the piece was being handed over, and somebody waits for them too.
    bool flushAgain = false;
    // What these hold until they are lent.
    std::vector<std::shared_ptr<void>> waiting;
    // Blocks that came while the same were lent or hashed. Readers want these.
    std::vector<std::pair<PieceRange, PieceMemory>> later;
    // What has to wait until no call is open, among that the blocks above.
    std::vector<UniqueTask> afterwards;
  };
  using JobPtr = std::shared_ptr<PieceJob>;

  JobPtr collecting(int piece);
  void writeLater(JobPtr const& job, PieceRange range, char const* bytes, WriteHandler& handler);
  void answerWrite(WriteHandler handler, StorageResult result);
  void drop(JobPtr const& job, StorageOutcome outcome);
  void giveUp(JobPtr const& job) noexcept;
  void finishIfReady(JobPtr const& job);
  void finish(JobPtr const& job);
  void hash(JobPtr const& job);
  void judge(JobPtr const& job);
  void store(JobPtr const& job);
  void stored(JobPtr const& job);
  void fail(JobPtr const& job, StorageResult result);
  void answer(JobPtr const& job, StorageResult result);
  void answerAndKeep(JobPtr const& job);
  void answerHandlers(PieceJob& job, StorageResult result);
  bool takeHashOfStored(int piece, HashJob& hash);
  void answerHash(PieceJob& job, HashJob hash, bool writesFailed, StorageResult result);
  void flushJob(JobPtr const& job) noexcept;
  void giveRuns(JobPtr const& job) noexcept;
  void flushed(JobPtr const& job, PieceRange range, StorageResult result);
  void endPart(JobPtr const& job);
  std::string blockHashesOf(PieceJob const& job, PieceRange range) const;
  int answerWritesOf(PieceJob& job, PieceRange range);
  void giveToJs(JobPtr const& job, PieceRange range, UniqueFunction<StorageResult> reply);
  void forget(JobPtr const& job);
  JobPtr find(int piece) const;
  static void runAfterwards(PieceJob& job);

  DiskServices& m_services;
  Options m_options;
  PieceGeometry const& m_geometry;
  PieceMarks& m_marks;
  bool m_wantsBlockHashes = false;
  std::shared_ptr<void> const m_staleAnswers = std::make_shared<char>();
  std::unordered_map<int, JobPtr> m_jobs;
  // Of pieces that were stored before libtorrent asked for their hash: it waits for blocks that are all padding
  // where the padding does not end with the piece. Forgotten when there are many: they can be read back.
  std::unordered_map<int, PieceDigest> m_digests;
};

}  // namespace bae
