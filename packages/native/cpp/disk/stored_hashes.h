#pragma once
#include <functional>
#include <memory>

#include "disk_job.h"
#include "disk_services.h"
#include "piece_geometry.h"
#include "piece_marks.h"
#include "piece_writer.h"

namespace bae {

// Answers the hashes of pieces that are not in memory: those of a check, and of pieces whose blocks were given to
// JavaScript before. Keeps the hashes of a check together, which end at the first failure or when it is stopped. Network
// thread only.
class StoredHashes {
 public:
  struct Options {
    int storageIndex;
    std::function<void(UniqueFunction<StorageResult>)> whenOpened;
    // So many hashes ended: their handlers have run.
    std::function<void(int)> finished;
    std::function<std::shared_ptr<void>()> keepAlive;
  };

  // The last three belong to the owner, too.
  StoredHashes(DiskServices& services, Options options, PieceGeometry const& geometry, PieceMarks& marks,
               PieceWriter const& writer);

  // JavaScript may know digests without being read.
  void setOffersDigests(bool offered) { m_offersDigests = offered; }

  // The job, where it is of a check, is of the one that goes on now: when it was asked for counts, not when it begins.
  void join(HashJob& job) const {
    if (job.isCheck) job.check = m_check;
  }
  void make(int piece, HashJob job);
  // Those of the check have this answer, and what is asked for from now on is of another.
  void endCheck(StorageResult why);

 private:
  void hashPadding(int piece, HashJob job);
  void hashStored(int piece, HashJob job);
  void askForDigests(int piece, HashJob job);
  void readAndHash(int piece, HashJob job);
  void hashedStored(int piece, HashJob job, StorageResult result, PieceDigest const& digest);
  static void begin(HashJob const& job);
  // Answers within the call: from a posted task.
  void answer(int piece, HashJob& job, StorageResult result, PieceDigest const& digest);
  void answerEnded(int piece, HashJob& job);
  void answerLater(int piece, HashJob job, StorageResult result);

  DiskServices& m_services;
  Options m_options;
  PieceGeometry const& m_geometry;
  PieceMarks& m_marks;
  PieceWriter const& m_writer;
  bool m_offersDigests = false;
  std::shared_ptr<CheckRun> m_check = std::make_shared<CheckRun>();
};

}  // namespace bae
