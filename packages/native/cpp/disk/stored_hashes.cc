#include "stored_hashes.h"

#include <utility>

#include "piece_hashing.h"

namespace bae {

StoredHashes::StoredHashes(DiskServices& services, Options options, PieceGeometry const& geometry, PieceMarks& marks,
                           PieceWriter const& writer)
    : m_services(services), m_options(std::move(options)), m_geometry(geometry), m_marks(marks), m_writer(writer) {}

void StoredHashes::make(int piece, HashJob job) {
  if (m_geometry.isAllPadding(piece)) {
    begin(job);
    hashPadding(piece, std::move(job));
    return;
  }
  m_options.whenOpened([this, piece, job = std::move(job), keep = m_options.keepAlive()](StorageResult result) mutable {
    begin(job);
    if (result.ok()) {
      hashStored(piece, std::move(job));
    } else {
      answerLater(piece, std::move(job), result);
    }
  });
}

// Nobody ever sends, stores or reads it.
void StoredHashes::hashPadding(int piece, HashJob job) {
  PieceHashing::Order order;
  order.piece = piece;
  order.v1Bytes = job.wantV1 ? m_geometry.pieceBytes(piece) : 0;
  if (!job.v2.empty()) order.leafRanges = m_geometry.leafRanges(piece);
  order.keepAlive = m_options.keepAlive();
  PieceHashing::start(m_services, m_geometry, std::move(order),
                      [this, piece, job = std::move(job)](StorageResult result, PieceDigest& digest) mutable {
                        answer(piece, job, result, digest);
                      });
}

void StoredHashes::hashStored(int piece, HashJob job) {
  if (job.isCancelled()) {
    answerLater(piece, std::move(job), StorageOutcome::aborted);
  } else if (job.isCheck && !m_marks.isGiven(piece)) {
    // "Not there" is a hash that fits nothing. An error would end the check of the whole file.
    answerLater(piece, std::move(job), {});
  } else if (m_offersDigests) {
    askForDigests(piece, std::move(job));
  } else {
    readAndHash(piece, std::move(job));
  }
}

void StoredHashes::askForDigests(int piece, HashJob job) {
  auto request = StorageRequest::of(RequestKind::hashPiece, m_options.storageIndex, piece);
  request.wantsV1 = job.wantV1;
  request.leaves = job.v2.empty() ? 0 : blocksIn({0, m_geometry.v2Bytes(piece)});
  m_services.channel->send(std::move(request), [this, piece, job = std::move(job),
                                                keep = m_options.keepAlive()](StorageReply& reply) mutable {
    if (reply.result().ok() && !reply.digest) {
      readAndHash(piece, std::move(job));
    } else {
      hashedStored(piece, std::move(job), reply.result(), reply.digest ? *reply.digest : PieceDigest());
    }
  });
}

void StoredHashes::readAndHash(int piece, HashJob job) {
  PieceHashing::Order order;
  order.storageIndex = m_options.storageIndex;
  order.piece = piece;
  order.segments.push_back({{0, m_geometry.payloadBytes(piece)}, nullptr, true});
  order.v1Bytes = job.wantV1 ? m_geometry.pieceBytes(piece) : 0;
  if (!job.v2.empty()) order.leafRanges = m_geometry.leafRanges(piece);
  order.keepAlive = m_options.keepAlive();
  if (job.check) order.cancelled = {job.check, &job.check->ended};
  PieceHashing::start(m_services, m_geometry, std::move(order),
                      [this, piece, job = std::move(job)](StorageResult result, PieceDigest& digest) mutable {
                        hashedStored(piece, std::move(job), result, digest);
                      });
}

void StoredHashes::hashedStored(int piece, HashJob job, StorageResult result, PieceDigest const& digest) {
  bool const isMissing = result.outcome == StorageOutcome::notFound;
  bool const isDamaged = result.outcome == StorageOutcome::corrupt;
  bool const isWrong = result.ok() && job.wantV1 && !m_geometry.isRight(piece, digest.v1);
  if (isMissing || isDamaged || isWrong) m_services.readCache.forget(m_options.storageIndex, piece);
  if (isMissing) m_marks.gone(piece);
  if (isDamaged || isWrong) m_marks.foundWrong(piece);
  if (result.ok() && job.wantV1 && !isWrong) {
    m_marks.stored(piece);
    m_marks.foundRight(piece);
  }
  bool const hasFailed = !result.ok() && !isMissing && !isDamaged;
  if (job.isCheck && hasFailed && !job.isCancelled()) endCheck(result);
  // Again a hash that fits nothing: libtorrent fetches the piece, and goes on with the others.
  answer(piece, job, isMissing || isDamaged ? StorageResult() : result, digest);
}

void StoredHashes::answer(int piece, HashJob& job, StorageResult result, PieceDigest const& digest) {
  if (job.check) --job.check->open;
  if (job.isCancelled()) {
    answerEnded(piece, job);
    return;
  }
  if (!job.isCheck && m_writer.answersAreStale()) result = StorageOutcome::aborted;
  job.give(digest);
  job.handler(lt::piece_index_t(piece), digest.v1, toStorageError(result, lt::operation_t::file_read));
  m_options.finished(1);
}

void StoredHashes::begin(HashJob const& job) {
  if (!job.check) return;
  // So that answering needs no memory.
  job.check->answers.reserve(job.check->answers.size() + std::size_t(job.check->open) + 1);
  ++job.check->open;
}

// libtorrent begins anew with every error of a check, and counts every other answer. All must fail with the first, or
// it would take the check for done too early when it goes on; and at once, or it would meet an old error when it has
// gone on already.
void StoredHashes::answerEnded(int piece, HashJob& job) {
  auto const run = job.check;
  auto const error = toStorageError(run->why, lt::operation_t::file_read);
  run->answers.emplace_back(piece, std::move(job.handler));
  if (run->open > 0) return;
  auto const answers = std::exchange(run->answers, {});
  for (auto const& [ofPiece, handler] : answers) handler(ofPiece, {}, error);
  m_options.finished(int(answers.size()));
}

void StoredHashes::answerLater(int piece, HashJob job, StorageResult result) {
  m_services.network->post([this, piece, result, job = std::move(job), keep = m_options.keepAlive()]() mutable {
    answer(piece, job, result, {});
  });
}

void StoredHashes::endCheck(StorageResult why) {
  auto const check = std::exchange(m_check, std::make_shared<CheckRun>());
  check->why = why;
  check->ended = true;
}

}  // namespace bae
