#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "buffer_pool.h"
#include "piece_digest.h"
#include "torrent_context.h"
#include "unique_function.h"

namespace bae {

// The numbers are shared with src/storage-requests.ts.
enum class RequestKind : int {
  openStorage = 0,
  writePiece = 1,
  readPiece = 2,
  completePiece = 3,
  clearPiece = 4,
  closeStorage = 5,
  torrentGone = 6,
  hashPiece = 7,
  torrentAdded = 8,
};

// How a request ended. The numbers are shared with src/storage-requests.ts, which never says `aborted` (the session
// ends) or `timedOut`.
enum class StorageOutcome : int {
  ok = 0,
  notFound = 1,
  noSpace = 2,
  aborted = 3,
  io = 4,
  timedOut = 5,
  readOnly = 6,
  accessDenied = 7,
  notPermitted = 8,
  fileTooLarge = 9,
  outOfMemory = 10,
  unavailable = 11,
  corrupt = 12,
  closed = 13,
};

// How a request ended, and which one it was: the error itself stays with whoever answered it.
struct StorageResult {
  StorageResult(StorageOutcome how = StorageOutcome::ok, std::uint32_t number = 0) : outcome(how), request(number) {}

  bool ok() const { return outcome == StorageOutcome::ok; }

  StorageOutcome outcome;
  // 0: no request failed.
  std::uint32_t request;
};

struct StorageRequest {
  static StorageRequest of(RequestKind kind, int storageIndex, int piece = 0) {
    StorageRequest request;
    request.kind = kind;
    request.storageIndex = storageIndex;
    request.piece = piece;
    return request;
  }

  RequestKind kind = RequestKind::openStorage;
  int storageIndex = -1;
  int piece = 0;
  int offset = 0;
  int length = 0;
  bool deleteData = false;
  // writePiece: the bytes, lent until JavaScript settles, whatever becomes of the job.
  PieceMemory lent;
  // What they count as until then. Not part of the memory, which JavaScript may keep for good.
  std::shared_ptr<void> share;
  // writePiece: SHA-256 of each block of it, one after the other, or nothing.
  std::string blockHashes;
  // readPiece: where the answer goes, lent like what is written: JavaScript reads into it, or its answer is copied there.
  PieceMemory into;
  // hashPiece: which digests are wanted.
  bool wantsV1 = false;
  int leaves = 0;
  // openStorage
  std::shared_ptr<lt::torrent_info const> info;
  std::string torrentId;
  // torrentAdded: why it was not, where it was not.
  std::string errorCode;
  std::string errorMessage;
};

struct StorageReply {
  StorageResult result() const { return {outcome, request}; }

  StorageOutcome outcome = StorageOutcome::ok;
  // The number under which the other side keeps the error, or 0.
  std::uint32_t request = 0;
  // openStorage: the bits of the pieces that are there, or empty.
  std::string havePieces;
  bool wantsBlockHashes = false;
  bool offersDigests = false;
  // hashPiece: exactly what was wanted, or nothing where the bytes shall be read and hashed here.
  std::optional<PieceDigest> digest;
};

// Runs on the network thread.
using ReplyHandler = UniqueFunction<StorageReply>;

}  // namespace bae
