#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "buffer_pool.h"
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
};

// How a request ended. The numbers up to `io` are shared with src/storage-requests.ts.
enum class StorageOutcome : int { ok = 0, notFound = 1, noSpace = 2, aborted = 3, io = 4, timedOut = 5 };

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
  // writePiece: SHA-256 of each block of it, one after the other, or nothing.
  std::string blockHashes;
  // readPiece: where the JavaScript thread copies the answer to.
  PieceMemory into;
  // openStorage
  std::shared_ptr<lt::torrent_info const> info;
  std::string torrentId;
};

struct StorageReply {
  StorageOutcome outcome = StorageOutcome::ok;
  // openStorage: the bits of the pieces that are there, or empty.
  std::string havePieces;
  bool wantsBlockHashes = false;
};

// Runs on the network thread.
using ReplyHandler = UniqueFunction<StorageReply>;

}  // namespace bae
