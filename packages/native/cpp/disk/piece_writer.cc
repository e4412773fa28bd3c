#include "piece_writer.h"

#include <algorithm>
#include <cstring>

namespace bae {

PieceWriter::PieceWriter(DiskServices& services, Options options)
    : m_services(services),
      m_options(std::move(options)),
      m_hasV1(m_options.info->info_hashes().has_v1()),
      m_hasV2(m_options.info->info_hashes().has_v2()),
      m_stored(m_options.info->num_pieces(), false),
      m_given(m_options.info->num_pieces(), false) {
  auto const& files = m_options.info->orig_files();
  for (auto const file : files.file_range()) m_hasPadding = m_hasPadding || files.pad_file_at(file);
}

int PieceWriter::pieceBytes(int piece) const {
  return m_options.info->orig_files().piece_size(lt::piece_index_t(piece));
}

int PieceWriter::v2Bytes(int piece) const {
  return m_hasV2 ? m_options.info->orig_files().piece_size2(lt::piece_index_t(piece)) : 0;
}

void PieceWriter::setStored(lt::bitfield const& pieces) {
  m_stored = pieces;
  m_given = pieces;
}

void PieceWriter::foundMissing(int piece) {
  m_stored.clear_bit(piece);
  m_given.clear_bit(piece);
  m_services.readCache.forget(m_options.storageIndex, piece);
}

bool PieceWriter::isPadding(int piece, PieceRange range) const {
  if (!m_hasPadding) return false;
  auto const& files = m_options.info->orig_files();
  auto const slices = files.map_block(lt::piece_index_t(piece), range.offset, range.length);
  return std::all_of(slices.begin(), slices.end(),
                     [&](lt::file_slice const& slice) { return files.pad_file_at(slice.file_index); });
}

void PieceWriter::write(int piece, int offset, char const* bytes, int length, WriteHandler handler) {
  PieceRange const range{offset, length};
  if (isPadding(piece, range)) {
    m_services.network->post([this, handler = std::move(handler), keep = m_options.keepAlive()] {
      handler({});
      m_options.finished(1);
    });
    return;
  }
  JobPtr const job = collecting(piece);
  // Its memory is lent to JavaScript, or its digest is being made: the new bytes have to wait.
  if (job->finishing || (job->openCalls > 0 && job->buffer.buffered(range))) {
    writeLater(job, range, bytes, std::move(handler));
    return;
  }
  job->buffer.put(offset, bytes, length);
  job->writes.push_back({range, std::move(handler)});
  m_services.counters.inc_stats_counter(lt::counters::num_blocks_written);
  finishIfComplete(job);
  if (!job->finishing) m_services.halfPieces.grew(*this, piece, length);
}

void PieceWriter::writeLater(JobPtr const& job, PieceRange range, char const* bytes, WriteHandler handler) {
  PieceMemory const copy = BufferPool::instance().piece(std::size_t(range.length));
  std::memcpy(copy.get(), bytes, std::size_t(range.length));
  job->afterwards.push_back([this, piece = job->piece, range, copy, handler = std::move(handler)]() mutable {
    write(piece, range.offset, copy.get(), range.length, std::move(handler));
  });
}

PieceWriter::JobPtr PieceWriter::collecting(int piece) {
  if (JobPtr const job = find(piece)) return job;
  // With v2 single blocks of a stored piece may be fetched again; with v1 it is always the whole piece.
  auto job = std::make_shared<PieceJob>(piece, pieceBytes(piece), m_hasV2 && isStored(piece));
  if (m_hasPadding && !job->buffer.complete()) markPadding(*job);
  m_jobs[piece] = job;
  return job;
}

void PieceWriter::markPadding(PieceJob& job) {
  for (int offset = 0; offset < job.buffer.pieceBytes(); offset += kBlockBytes) {
    int const length = std::min(kBlockBytes, job.buffer.pieceBytes() - offset);
    if (isPadding(job.piece, {offset, length})) job.buffer.putPadding(offset / kBlockBytes);
  }
}

void PieceWriter::finishIfComplete(JobPtr const& job) {
  if (job->finishing || job->openCalls > 0 || !job->ready()) return;
  job->finishing = true;
  m_services.halfPieces.left(*this, job->piece);
  m_services.budget.add(job->buffer.pieceBytes());
  job->inBudget = true;
  readBack(job);
}

// One of several calls for a job came back; with the last, the job goes on or fails.
void PieceWriter::wait(JobPtr const& job, StorageOutcome outcome, void (PieceWriter::*next)(JobPtr const&)) {
  if (job->outcome == StorageOutcome::ok) job->outcome = outcome;
  if (--job->openCalls > 0) return;
  if (job->outcome == StorageOutcome::ok) {
    (this->*next)(job);
  } else {
    answer(job, job->outcome);
  }
}

// Blocks that went to JavaScript before the piece was whole are needed again for its hash.
void PieceWriter::readBack(JobPtr const& job) {
  auto const runs = job->buffer.storedRuns();
  if (runs.empty()) {
    hash(job);
    return;
  }
  job->openCalls = int(runs.size());
  for (PieceRange const run : runs) {
    auto request = StorageRequest::of(RequestKind::readPiece, m_options.storageIndex, job->piece);
    request.offset = run.offset;
    request.length = run.length;
    PieceMemory const& memory = job->buffer.memory();
    request.into = PieceMemory(memory, memory.get() + run.offset);
    m_services.counters.inc_stats_counter(lt::counters::num_read_back, (run.length + kBlockBytes - 1) / kBlockBytes);
    m_services.channel->send(std::move(request), [this, job, keep = m_options.keepAlive()](StorageReply& reply) {
      wait(job, reply.outcome, &PieceWriter::hash);
    });
  }
}

void PieceWriter::hash(JobPtr const& job) {
  int const v1Bytes = m_hasV1 ? pieceBytes(job->piece) : 0;
  bool const forJs = m_wantsBlockHashes && !m_hasV2;
  int const leafBytes = forJs ? pieceBytes(job->piece) : v2Bytes(job->piece);
  // The job owns handlers: it travels through the hasher thread and comes back to die here.
  m_services.hasher.post([this, job, v1Bytes, leafBytes, keep = m_options.keepAlive()]() mutable {
    job->digest = digestPiece(job->buffer.data(), v1Bytes, leafBytes);
    auto& network = *m_services.network;
    network.post([this, job = std::move(job), keep = std::move(keep)] { judge(job); });
  });
}

// Bytes that cannot be right never reach JavaScript. Without a v1 hash libtorrent's verdict comes later.
void PieceWriter::judge(JobPtr const& job) {
  m_services.counters.inc_stats_counter(lt::counters::num_blocks_hashed, int(job->writes.size()));
  bool const wrong =
      m_hasV1 && job->digest.v1 != m_options.info->hash_for_piece(lt::piece_index_t(job->piece));
  if (wrong && !m_hasV2) {
    answer(job, StorageOutcome::ok);
  } else {
    store(job);
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
    giveToJs(job, run, [this, job, keep = m_options.keepAlive()](StorageReply& reply) {
      wait(job, reply.outcome, &PieceWriter::stored);
    });
  }
}

void PieceWriter::stored(JobPtr const& job) {
  m_stored.set_bit(job->piece);
  answer(job, StorageOutcome::ok);
}

void PieceWriter::giveToJs(JobPtr const& job, PieceRange range, ReplyHandler reply) {
  auto request = StorageRequest::of(RequestKind::writePiece, m_options.storageIndex, job->piece);
  request.offset = range.offset;
  request.length = range.length;
  PieceMemory const& memory = job->buffer.memory();
  request.lent = PieceMemory(memory, memory.get() + range.offset);
  if (m_wantsBlockHashes) request.blockHashes = blockHashesOf(*job, range);
  m_given.set_bit(job->piece);
  m_services.readCache.forget(m_options.storageIndex, job->piece);
  m_services.counters.inc_stats_counter(lt::counters::num_write_ops);
  m_services.channel->send(std::move(request), std::move(reply));
}

// Nothing for half a piece, whose digests are not made yet, and where padding is left out of them (v2).
std::string PieceWriter::blockHashesOf(PieceJob const& job, PieceRange range) {
  auto const& leaves = job.digest.leaves;
  int const blocks = (job.buffer.pieceBytes() + kBlockBytes - 1) / kBlockBytes;
  if (int(leaves.size()) != blocks) return {};
  int const first = range.offset / kBlockBytes;
  int const count = (range.length + kBlockBytes - 1) / kBlockBytes;
  std::string hashes;
  for (int block = first; block < first + count; ++block) hashes += leaves[std::size_t(block)].to_string();
  return hashes;
}

// One drain of the network thread: the writes first, then the hash, as libtorrent's bookkeeping wants it.
void PieceWriter::answer(JobPtr const& job, StorageOutcome outcome) {
  forget(job);
  if (outcome != StorageOutcome::ok) m_stored.clear_bit(job->piece);
  auto writes = std::move(job->writes);
  auto hash = std::move(job->hash);
  auto afterwards = std::move(job->afterwards);
  auto const error = toStorageError(outcome, lt::operation_t::file_write);
  for (auto& write : writes) write.handler(error);
  if (hash) {
    hash->give(job->digest);
    auto const aborted = toStorageError(StorageOutcome::aborted, lt::operation_t::file_write);
    hash->handler(lt::piece_index_t(job->piece), job->digest.v1, error ? aborted : lt::storage_error());
  }
  for (auto& task : afterwards) task();
  if (job->inBudget) m_services.budget.remove(job->buffer.pieceBytes());
  m_options.finished(int(writes.size()) + (hash ? 1 : 0));
}

bool PieceWriter::takeHash(int piece, HashJob& hash) {
  JobPtr const job = find(piece);
  if (!job || job->hash || !job->buffer.complete()) return false;
  job->hash = std::move(hash);
  finishIfComplete(job);
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
    if (job->buffer.buffered({offset, next - offset})) {
      std::memcpy(to + (offset - range.offset), job->buffer.data() + offset, std::size_t(next - offset));
    } else {
      missing = PieceRange{missing ? missing->offset : offset, next - (missing ? missing->offset : offset)};
    }
    offset = next;
  }
  return missing;
}

void PieceWriter::flush() {
  std::vector<int> pieces;
  for (auto const& [piece, job] : m_jobs) pieces.push_back(piece);
  for (int const piece : pieces) spill(piece);
}

void PieceWriter::spill(int piece) {
  JobPtr const job = find(piece);
  if (!job || job->finishing || job->ready() || job->writes.empty()) return;
  if (job->openCalls > 0) {
    job->flushAgain = true;
  } else {
    flushJob(job);
  }
}

void PieceWriter::flushJob(JobPtr const& job) {
  m_services.halfPieces.left(*this, job->piece);
  m_options.began();
  auto const runs = job->buffer.bufferedRuns();
  job->openCalls = int(runs.size());
  for (PieceRange const run : runs) {
    giveToJs(job, run, [this, job, run, keep = m_options.keepAlive()](StorageReply& reply) {
      flushed(job, run, reply.outcome);
    });
  }
}

void PieceWriter::flushed(JobPtr const& job, PieceRange range, StorageOutcome outcome) {
  --job->openCalls;
  if (outcome != StorageOutcome::ok) {
    job->outcome = outcome;
  } else {
    job->buffer.markStored(range);
    m_options.finished(answerWritesOf(*job, range));
  }
  if (job->openCalls > 0) return;
  if (job->outcome != StorageOutcome::ok) {
    answer(job, job->outcome);
  } else if (std::exchange(job->flushAgain, false) && !job->ready() && !job->writes.empty()) {
    flushJob(job);
  } else {
    auto afterwards = std::move(job->afterwards);
    job->afterwards.clear();
    for (auto& task : afterwards) task();
    finishIfComplete(job);
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
  for (auto& write : done) write.handler({});
  return int(done.size());
}

void PieceWriter::dropHalfPieces() {
  std::vector<JobPtr> halves;
  for (auto const& [piece, job] : m_jobs) {
    if (!job->finishing && job->openCalls == 0) halves.push_back(job);
  }
  for (auto const& job : halves) drop(job, StorageOutcome::aborted);
}

// Its handlers, like all, run from a posted task.
void PieceWriter::drop(JobPtr const& job, StorageOutcome outcome) {
  job->finishing = true;
  m_services.network->post([this, job, outcome, keep = m_options.keepAlive()] { answer(job, outcome); });
}

void PieceWriter::clear(int piece, UniqueTask then) {
  JobPtr const job = find(piece);
  if (job && !job->finishing && job->openCalls == 0 && !job->writes.empty()) {
    // With v2 libtorrent may ask again for some blocks only, and then still reads the others.
    if (m_hasV2) {
      flushJob(job);
    } else {
      drop(job, StorageOutcome::ok);
    }
  }
  if (job && (job->finishing || job->openCalls > 0)) {
    job->afterwards.push_back([this, piece, then = std::move(then)]() mutable { clear(piece, std::move(then)); });
    return;
  }
  if (!m_hasV2) {
    if (job) forget(job);
    m_stored.clear_bit(piece);
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
