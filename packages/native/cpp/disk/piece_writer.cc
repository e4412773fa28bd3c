#include "piece_writer.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "piece_hashing.h"

namespace bae {
namespace {
constexpr std::size_t kMostDigests = 256;

// Segments, and the windows of those that are read back, begin with a block of the piece, leaves of v1 anywhere.
bool anyLeafMayBeCut(PieceHashing::Order const& order) {
  if (order.segments.size() == 1 && !order.segments.front().isStored) return false;
  return std::any_of(order.leafRanges.begin(), order.leafRanges.end(),
                     [](PieceRange range) { return range.offset % kBlockBytes != 0; });
}
}

PieceWriter::PieceWriter(DiskServices& services, Options options, PieceGeometry const& geometry, PieceMarks& marks)
    : m_services(services), m_options(std::move(options)), m_geometry(geometry), m_marks(marks) {}

PieceWriter::~PieceWriter() {
  for (auto const& [piece, job] : m_jobs) m_services.halfPieces.left(*this, piece);
}

void PieceWriter::write(int piece, PieceRange range, char const* bytes, WriteHandler handler) {
  if (m_geometry.isPadding(piece, range)) {
    answerWrite(std::move(handler), {});
    return;
  }
  JobPtr job;
  int heldBefore = 0;
  try {
    job = collecting(piece);
    // Its memory is lent to JavaScript, or its digest is being made: the new bytes have to wait.
    if (job->finishing || (job->openCalls > 0 && job->buffer.buffered(range))) {
      writeLater(job, range, bytes, handler);
      return;
    }
    if (job->writes.size() == job->writes.capacity()) job->writes.reserve(2 * job->writes.size() + 8);
    heldBefore = job->buffer.heldBytes();
    job->buffer.put(range.offset, bytes, range.length);
  } catch (std::bad_alloc const&) {
    // It died with what it was moved into: the caller is told instead.
    if (!handler) throw;
    answerWrite(std::move(handler), StorageOutcome::outOfMemory);
    return;
  }
  // The whole block: where padding follows, libtorrent from 2.0.13 on sends a v2 block without it.
  PieceRange const block{range.offset, std::min(kBlockBytes, job->buffer.bytes() - range.offset)};
  m_geometry.zeroPadding(piece, block, job->buffer.memoryAt(range.offset).get());
  job->writes.push_back({range, std::move(handler)});
  finishIfReady(job);
  try {
    if (!job->finishing) m_services.halfPieces.grew(*this, piece, job->buffer.heldBytes() - heldBefore);
  } catch (std::bad_alloc const&) {
    giveUp(job);
  }
  if (m_options.mustNotHold()) spill(piece);
}

// There is no memory for what has to be done with blocks that were taken: they are answered as if there had been none
// for them. Without even that much the process ends, as it would in libtorrent.
void PieceWriter::giveUp(JobPtr const& job) noexcept {
  if (job->openCalls > 0) {
    job->result = StorageOutcome::outOfMemory;
    return;
  }
  job->finishing = true;
  m_services.halfPieces.left(*this, job->piece);
  m_services.network->post([this, job, keep = m_options.keepAlive()] { fail(job, StorageOutcome::outOfMemory); });
}

void PieceWriter::answerWrite(WriteHandler handler, StorageResult result) {
  m_services.network->post([this, handler = std::move(handler), result, keep = m_options.keepAlive()] {
    handler(toStorageError(result, lt::operation_t::file_write));
    m_options.finished(1);
  });
}

void PieceWriter::writeLater(JobPtr const& job, PieceRange range, char const* bytes, WriteHandler& handler) {
  PieceMemory const copy = m_services.copyPending(bytes, range.length);
  m_geometry.zeroPadding(job->piece, range, copy.get());
  job->later.reserve(job->later.size() + 1);
  job->afterwards.reserve(job->afterwards.size() + 1);
  job->afterwards.push_back([this, piece = job->piece, range, copy, handler = std::move(handler)]() mutable {
    write(piece, range, copy.get(), std::move(handler));
  });
  job->later.emplace_back(range, copy);
}

PieceWriter::JobPtr PieceWriter::collecting(int piece) {
  if (JobPtr const job = find(piece)) return job;
  // With v2 single blocks of a stored piece may be fetched again; with v1 it is always the whole piece.
  bool const replaces = m_geometry.hasV2() && m_marks.isWhole(piece);
  auto job = std::make_shared<PieceJob>(piece, m_geometry.payloadBytes(piece), replaces);
  for (int offset = 0; offset < job->buffer.bytes(); offset += kBlockBytes) {
    int const length = std::min(kBlockBytes, job->buffer.bytes() - offset);
    if (m_geometry.isPadding(piece, {offset, length})) job->buffer.markPadding(offset / kBlockBytes);
  }
  m_jobs[piece] = job;
  return job;
}

void PieceWriter::finishIfReady(JobPtr const& job) {
  if (job->finishing || job->openCalls > 0 || !job->ready()) return;
  try {
    finish(job);
  } catch (std::bad_alloc const&) {
    giveUp(job);
  }
}

void PieceWriter::finish(JobPtr const& job) {
  job->finishing = true;
  m_services.halfPieces.left(*this, job->piece);
  job->pending = m_services.countPending(job->buffer.heldBytes());
  job->waiting.clear();
  m_options.whenOpened([this, job, keep = m_options.keepAlive()](StorageResult result) {
    if (result.ok()) {
      hash(job);
    } else {
      m_services.network->post([this, job, result, keep] { fail(job, result); });
    }
  });
}

// Blocks that went to JavaScript before the piece was whole are fetched again for its hash.
void PieceWriter::hash(JobPtr const& job) {
  PieceHashing::Order order;
  order.storageIndex = m_options.storageIndex;
  order.piece = job->piece;
  for (auto const& run : job->buffer.runs()) {
    order.segments.push_back({run.range, run.memory, run.isStored});
  }
  order.v1Bytes = m_geometry.hasV1() ? m_geometry.pieceBytes(job->piece) : 0;
  if (m_geometry.hasV2() || m_wantsBlockHashes) order.leafRanges = m_geometry.leafRanges(job->piece);
  // Only of v1, for JavaScript, which makes them for itself where it has none.
  if (anyLeafMayBeCut(order)) order.leafRanges.clear();
  order.keepAlive = m_options.keepAlive();
  PieceHashing::start(m_services, m_geometry, std::move(order), [this, job](StorageResult result, PieceDigest& digest) {
    job->digest = std::move(digest);
    if (result.ok()) {
      judge(job);
    } else {
      fail(job, result);
    }
  });
}

// Bytes that cannot be right never reach JavaScript. Without a v1 hash libtorrent's verdict comes later.
void PieceWriter::judge(JobPtr const& job) {
  bool const wrong = m_geometry.hasV1() && !m_geometry.isRight(job->piece, job->digest.v1);
  if (!wrong) {
    store(job);
  } else if (m_geometry.hasV2()) {
    answerAndKeep(job);
  } else {
    answer(job, {});
  }
}

void PieceWriter::store(JobPtr const& job) {
  auto const runs = job->buffer.bufferedRuns();
  if (runs.empty()) {
    stored(job);
    return;
  }
  job->openCalls = int(runs.size());
  for (PieceRange const run : runs) {
    giveToJs(job, run, [this, job](StorageResult result) {
      if (job->result.ok()) job->result = result;
      if (--job->openCalls > 0) return;
      if (job->result.ok()) {
        stored(job);
      } else {
        fail(job, job->result);
      }
    });
  }
}

void PieceWriter::stored(JobPtr const& job) {
  m_marks.stored(job->piece);
  if (m_geometry.hasV1()) m_marks.foundRight(job->piece);
  if (!job->hash) {
    if (m_digests.size() >= kMostDigests) m_digests.clear();
    m_digests[job->piece] = job->digest;
  }
  answer(job, {});
}

void PieceWriter::giveToJs(JobPtr const& job, PieceRange range, UniqueFunction<StorageResult> reply) {
  auto request = StorageRequest::of(RequestKind::writePiece, m_options.storageIndex, job->piece);
  request.offset = range.offset;
  request.length = range.length;
  request.lent = job->buffer.memoryAt(range.offset);
  // Also when the job was answered long before.
  request.share = job->pending ? job->pending : m_services.countPending(range.length);
  if (m_wantsBlockHashes) request.blockHashes = blockHashesOf(*job, range);
  m_marks.given(job->piece);
  m_digests.erase(job->piece);
  m_services.readCache.forget(m_options.storageIndex, job->piece);
  m_services.counters.inc_stats_counter(lt::counters::num_write_ops);
  m_services.channel->send(std::move(request), [this, piece = job->piece, range, watch = Stopwatch(), keep = m_options.keepAlive(),
                                                reply = std::move(reply)](StorageReply& answer) mutable {
    // What was read meanwhile may be of before.
    m_services.readCache.forget(m_options.storageIndex, piece);
    m_services.counters.inc_stats_counter(lt::counters::disk_write_time, watch.microseconds());
    if (answer.result().ok()) {
      m_services.counters.inc_stats_counter(lt::counters::num_blocks_written, blocksIn(range));
    }
    reply(answer.result());
  });
}

// Nothing for half a piece, whose digests are not made yet.
std::string PieceWriter::blockHashesOf(PieceJob const& job, PieceRange range) const {
  std::string hashes;
  auto const ranges = m_geometry.leafRanges(job.piece);
  if (job.digest.leaves.size() != std::size_t(leavesIn(ranges))) return hashes;
  auto digest = job.digest.leaves.begin();
  for (auto const& leaves : ranges) {
    int const end = leaves.offset + leaves.length;
    for (int leaf = leaves.offset; leaf < end; leaf += kBlockBytes, ++digest) {
      int const leafEnd = std::min(leaf + kBlockBytes, end);
      if (leaf >= range.offset && leafEnd <= range.offset + range.length) hashes += digest->to_string();
    }
  }
  return hashes;
}

void PieceWriter::fail(JobPtr const& job, StorageResult result) {
  m_marks.failed(job->piece);
  answer(job, result);
}

void PieceWriter::answer(JobPtr const& job, StorageResult result) {
  forget(job);
  answerHandlers(*job, result);
}

// Wrong, but with v2 libtorrent may ask again for some blocks only: the others must stay where they can be read.
void PieceWriter::answerAndKeep(JobPtr const& job) {
  m_marks.failed(job->piece);
  job->finishing = false;
  job->replacesBlocks = true;
  answerHandlers(*job, {});
  int const bytes = job->buffer.heldBytes();
  if (!job->finishing && bytes > 0) m_services.halfPieces.grew(*this, job->piece, bytes);
}

// One drain of the network thread: the writes first, then the hash, as libtorrent's bookkeeping wants it.
void PieceWriter::answerHandlers(PieceJob& job, StorageResult result) {
  job.pending.reset();
  auto writes = std::exchange(job.writes, {});
  auto hash = std::exchange(job.hash, std::nullopt);
  if (answersAreStale()) result = StorageOutcome::aborted;
  auto const error = toStorageError(result, lt::operation_t::file_write);
  for (auto& write : writes) write.handler(error);
  if (hash) answerHash(job, std::move(*hash), error && !writes.empty(), result);
  runAfterwards(job);
  m_options.finished(int(writes.size()) + (hash ? 1 : 0));
}

void PieceWriter::answerHash(PieceJob& job, HashJob hash, bool writesFailed, StorageResult result) {
  // libtorrent has the error from the writes, and fetches the piece again because of them.
  if (writesFailed) result = StorageOutcome::aborted;
  // Blocks that it believed to be there from an earlier session. A digest that fits nothing blames no peer for it.
  if (result.outcome == StorageOutcome::notFound || result.outcome == StorageOutcome::corrupt) result = {};
  hash.give(job.digest);
  hash.handler(lt::piece_index_t(job.piece), job.digest.v1, toStorageError(result, lt::operation_t::file_read));
}

void PieceWriter::runAfterwards(PieceJob& job) {
  auto afterwards = std::exchange(job.afterwards, {});
  job.later.clear();
  for (auto& task : afterwards) task();
}

bool PieceWriter::takeHash(int piece, HashJob& hash) {
  JobPtr const job = find(piece);
  if (!job) return takeHashOfStored(piece, hash);
  if (job->hash || job->dropped) return false;
  job->hash = std::move(hash);
  // What did not come in this session is what libtorrent knows to be there from an earlier one.
  job->buffer.takeRestForStored();
  finishIfReady(job);
  return true;
}

bool PieceWriter::takeHashOfStored(int piece, HashJob& hash) {
  auto known = m_digests.extract(piece);
  // A check wants to know what is stored now.
  if (known.empty() || hash.isCheck) return false;
  m_services.network->post([this, piece, digest = std::move(known.mapped()), hash = std::move(hash),
                            keep = m_options.keepAlive()]() mutable {
    hash.give(digest);
    auto const outcome = answersAreStale() ? StorageOutcome::aborted : StorageOutcome::ok;
    hash.handler(lt::piece_index_t(piece), digest.v1, toStorageError(outcome, lt::operation_t::file_read));
    m_options.finished(1);
  });
  return true;
}

std::optional<PieceRange> PieceWriter::copyBuffered(int piece, PieceRange range, char* to) const {
  JobPtr const job = find(piece);
  if (!job) return range;
  int const end = range.offset + range.length;
  std::optional<PieceRange> missing;
  // At most two blocks: libtorrent asks for 16 KiB, not always where a block begins.
  for (int offset = range.offset; offset < end;) {
    int const next = std::min(end, (offset / kBlockBytes + 1) * kBlockBytes);
    int const blockOffset = offset / kBlockBytes * kBlockBytes;
    auto const later = std::find_if(job->later.rbegin(), job->later.rend(),
                                    [&](auto const& each) { return each.first.offset == blockOffset; });
    if (later != job->later.rend()) {
      std::memcpy(to + (offset - range.offset), later->second.get() + (offset - blockOffset), std::size_t(next - offset));
    } else if (!job->buffer.copy({offset, next - offset}, to + (offset - range.offset))) {
      missing = PieceRange{missing ? missing->offset : offset, next - (missing ? missing->offset : offset)};
    }
    offset = next;
  }
  return missing;
}

void PieceWriter::flush() {
  for (auto const& [piece, job] : m_jobs) spill(piece);
}

void PieceWriter::spill(int piece) {
  JobPtr const job = find(piece);
  if (!job || job->finishing || job->ready() || !job->buffer.anyBuffered()) return;
  if (job->openCalls > 0) {
    job->flushAgain = true;
    auto const bytes = m_services.halfPieces.left(*this, piece);
    try {
      if (bytes > 0) job->waiting.push_back(m_services.countPending(bytes));
    } catch (std::bad_alloc const&) {
      // Then they are not counted.
    }
  } else {
    flushJob(job);
  }
}

void PieceWriter::flushJob(JobPtr const& job) noexcept {
  m_services.halfPieces.left(*this, job->piece);
  m_options.began();
  // Counts as a call until all parts are asked for.
  job->openCalls = 1;
  auto const end = [this, job, keep = m_options.keepAlive()] {
    m_services.network->post([this, job, keep] { endPart(job); });
  };
  try {
    m_options.whenOpened([this, job, end](StorageResult result) {
      job->result = result;
      if (result.ok()) giveRuns(job);
      end();
    });
  } catch (std::bad_alloc const&) {
    job->result = StorageOutcome::outOfMemory;
    end();
  }
}

void PieceWriter::giveRuns(JobPtr const& job) noexcept {
  try {
    for (PieceRange const run : job->buffer.bufferedRuns()) {
      giveToJs(job, run, [this, job, run](StorageResult result) { flushed(job, run, result); });
      ++job->openCalls;
    }
  } catch (std::bad_alloc const&) {
    job->result = StorageOutcome::outOfMemory;
  }
  job->waiting.clear();
}

void PieceWriter::flushed(JobPtr const& job, PieceRange range, StorageResult result) {
  if (!result.ok()) {
    job->result = result;
  } else {
    job->buffer.markStored(range);
    m_options.finished(answerWritesOf(*job, range));
  }
  endPart(job);
}

void PieceWriter::endPart(JobPtr const& job) {
  if (--job->openCalls > 0) return;
  if (job->result.ok()) job->buffer.leaveStored();
  if (!job->result.ok()) {
    fail(job, job->result);
  } else if (std::exchange(job->flushAgain, false) && !job->ready() && job->buffer.anyBuffered()) {
    flushJob(job);
  } else {
    runAfterwards(*job);
    finishIfReady(job);
  }
  m_options.finished(1);
}

int PieceWriter::answerWritesOf(PieceJob& job, PieceRange range) {
  auto const isElsewhere = [range](BlockWrite const& write) {
    return write.range.offset < range.offset || write.range.offset >= range.offset + range.length;
  };
  auto const first = std::stable_partition(job.writes.begin(), job.writes.end(), isElsewhere);
  std::vector<BlockWrite> done(std::make_move_iterator(first), std::make_move_iterator(job.writes.end()));
  job.writes.erase(first, job.writes.end());
  auto const error = toStorageError(answersAreStale() ? StorageOutcome::aborted : StorageOutcome::ok, lt::operation_t::file_write);
  for (auto& write : done) write.handler(error);
  return int(done.size());
}

void PieceWriter::dropHalfPieces() {
  std::vector<JobPtr> halves;
  for (auto const& [piece, job] : m_jobs) {
    if (!job->finishing && job->openCalls == 0) halves.push_back(job);
  }
  for (auto const& job : halves) drop(job, StorageOutcome::aborted);
}

void PieceWriter::forgetHalfPieces() {
  std::vector<JobPtr> halves;
  for (auto const& [piece, job] : m_jobs) {
    if (!job->finishing && job->openCalls == 0 && job->writes.empty()) halves.push_back(job);
  }
  for (auto const& job : halves) forget(job);
}

// Its handlers, like all, run from a posted task.
void PieceWriter::drop(JobPtr const& job, StorageOutcome outcome) {
  m_services.network->post([this, job, outcome, keep = m_options.keepAlive()] { answer(job, outcome); });
  job->finishing = true;
  job->dropped = true;
}

void PieceWriter::clear(int piece, UniqueTask then) {
  JobPtr const job = find(piece);
  if (job && !job->finishing && job->openCalls == 0 && !job->writes.empty()) {
    // With v2 libtorrent may ask again for some blocks only, and then still reads the others.
    if (m_geometry.hasV2()) {
      flushJob(job);
    } else {
      drop(job, StorageOutcome::ok);
    }
  }
  if (job && (job->finishing || job->openCalls > 0)) {
    job->afterwards.push_back([this, piece, then = std::move(then)]() mutable { clear(piece, std::move(then)); });
    return;
  }
  m_marks.foundWrong(piece);
  m_digests.erase(piece);
  if (!m_geometry.hasV2()) {
    if (job) forget(job);
    m_marks.failed(piece);
  }
  then();
}

PieceWriter::JobPtr PieceWriter::find(int piece) const {
  auto const found = m_jobs.find(piece);
  return found == m_jobs.end() ? nullptr : found->second;
}

void PieceWriter::forget(JobPtr const& job) {
  auto const found = m_jobs.find(job->piece);
  if (found == m_jobs.end() || found->second != job) return;
  m_services.halfPieces.left(*this, job->piece);
  m_jobs.erase(found);
}

}  // namespace bae
