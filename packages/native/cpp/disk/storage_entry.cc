#include "storage_entry.h"

#include <cstring>
#include <new>

#include "job_counts.h"
#include "lt_compat.h"

namespace bae {
namespace {
// Nobody else will tell the peer, or whoever asked.
lt::storage_error invalidRequest(lt::operation_t operation) {
  return {lt::errors::make_error_code(lt::errors::invalid_request), lt::file_index_t(0), operation};
}
}  // namespace

StorageEntry::StorageEntry(std::shared_ptr<DiskServices> services, int index, std::shared_ptr<TorrentContext> context)
    : m_services(std::move(services)),
      m_index(index),
      m_context(std::move(context)),
      m_fence(&m_services->counters),
      m_geometry(m_context->info),
      m_marks(m_geometry.pieces()),
      m_writer(*m_services, writerOptions(), m_geometry, m_marks),
      m_reader(*m_services, readerOptions(), m_geometry, m_marks, m_writer),
      m_storedHashes(*m_services, hashOptions(), m_geometry, m_marks, m_writer) {}

PieceWriter::Options StorageEntry::writerOptions() {
  return {m_index,
          [this] { m_fence.began(); },
          [this](int jobs) { m_fence.finished(jobs); },
          [this](UniqueFunction<StorageResult> task) { whenOpened(std::move(task)); },
          [this] { return m_fence.exclusiveWaits(); },
          [this] { return std::shared_ptr<void>(shared_from_this()); }};
}

BlockReader::Options StorageEntry::readerOptions() {
  return {m_index,
          [this](UniqueFunction<StorageResult> task) { whenOpened(std::move(task)); },
          [this] { m_fence.finished(); },
          [this] { return std::shared_ptr<void>(shared_from_this()); }};
}

StoredHashes::Options StorageEntry::hashOptions() {
  return {m_index,
          [this](UniqueFunction<StorageResult> task) { whenOpened(std::move(task)); },
          [this](int hashes) { m_fence.finished(hashes); },
          [this] { return std::shared_ptr<void>(shared_from_this()); }};
}

void StorageEntry::endWith(UniqueTask answer) {
  m_services->network->post([self = shared_from_this(), answer = std::move(answer)]() mutable {
    answer();
    self->m_fence.finished();
  });
}

void StorageEntry::open() {
  auto open = StorageRequest::of(RequestKind::openStorage, m_index);
  open.torrentId = m_context->torrentId;
  open.info = m_context->info;
  m_services->channel->send(std::move(open), [self = shared_from_this()](StorageReply& reply) { self->opened(reply); });
}

void StorageEntry::opened(StorageReply const& reply) {
  m_isOpen = true;
  m_openResult = reply.result();
  m_storedHashes.setOffersDigests(reply.offersDigests);
  m_writer.setWantsBlockHashes(reply.wantsBlockHashes);
  int const pieces = m_geometry.pieces();
  if (reply.havePieces.size() == std::size_t((pieces + 7) / 8)) {
    m_marks.set(lt::bitfield(reply.havePieces.data(), pieces));
  }
  auto tasks = std::move(m_afterOpen);
  m_afterOpen.clear();
  for (auto& task : tasks) task(m_openResult);
}

// A storage that could not be opened is asked again: libtorrent goes on by itself after clear_error().
void StorageEntry::whenOpened(UniqueFunction<StorageResult> task) {
  if (m_closeAsked) {
    task(StorageOutcome::aborted);
    return;
  }
  if (m_isOpen && !m_openResult.ok()) {
    open();
    m_isOpen = false;
  }
  if (m_isOpen) {
    task(m_openResult);
  } else {
    m_afterOpen.push_back(std::move(task));
  }
}

// The call of a storage that comes last does not overtake its first.
void StorageEntry::whenOpenSettled(UniqueTask task) {
  if (m_isOpen) {
    task();
  } else {
    m_afterOpen.push_back([task = std::move(task)](StorageResult) mutable { task(); });
  }
}

bool StorageEntry::write(lt::peer_request const& r, char const* bytes,
                         std::shared_ptr<lt::disk_observer> const& observer, WriteHandler handler) {
  int const piece = int(r.piece);
  PieceRange const range{r.start, r.length};
  if (!m_geometry.contains(piece, range) || range.offset % kBlockBytes != 0 || range.length > kBlockBytes) {
    m_services->network->post([handler = std::move(handler)] { handler(invalidRequest(lt::operation_t::file_write)); });
  } else if (m_fence.open()) {
    handler = counted(m_services, &JobCounts::writes, std::move(handler));
    m_fence.shared([&] { m_writer.write(piece, range, bytes, std::move(handler)); });
  } else {
    PieceMemory const copy = m_services->copyPending(bytes, r.length);
    handler = counted(m_services, &JobCounts::writes, std::move(handler));
    m_fence.shared(
        [this, piece, range, copy, handler = std::move(handler)]() mutable {
          m_writer.write(piece, range, copy.get(), std::move(handler));
        },
        lt::counters::num_fenced_write);
  }
  return m_services->budget.askToWait(observer);
}

void StorageEntry::read(lt::peer_request const& r, ReadHandler handler, lt::disk_job_flags_t flags) {
  int const piece = int(r.piece);
  PieceRange const range{r.start, r.length};
  handler = counted(m_services, &JobCounts::reads, std::move(handler));
  if (!m_geometry.contains(piece, range) || range.length > kBlockBytes) {
    m_services->network->post(
        [handler = std::move(handler)] { handler({}, invalidRequest(lt::operation_t::file_read)); });
    return;
  }
  bool const once = bool(flags & lt::disk_interface::volatile_read);
  m_fence.shared(
      [this, piece, range, once, handler = std::move(handler)]() mutable {
        m_reader.read(piece, range, once, std::move(handler));
      },
      lt::counters::num_fenced_read);
}

void StorageEntry::hash(int piece, HashJob job) {
  job.handler = counted(m_services, &JobCounts::hashes, std::move(job.handler));
  m_storedHashes.join(job);
  m_fence.shared(
      [this, piece, job = std::move(job)]() mutable {
        bool const isTaken = !m_geometry.isAllPadding(piece) && m_writer.takeHash(piece, job);
        if (!isTaken) m_storedHashes.make(piece, std::move(job));
      },
      lt::counters::num_fenced_hash);
}

void StorageEntry::hashBlock(int piece, int offset, BlockHashHandler handler) {
  bool const isBlock = piece >= 0 && piece < m_geometry.pieces() && offset >= 0 && offset % kBlockBytes == 0;
  int const length = isBlock ? std::min(kBlockBytes, m_geometry.v2Bytes(piece) - offset) : 0;
  lt::peer_request const wanted{lt::piece_index_t(piece), offset, length};
  read(wanted, [piece, length, handler = std::move(handler)](lt::disk_buffer_holder block, lt::storage_error const& error) {
    auto const digest = error ? lt::sha256_hash() : lt::hasher256(block.data(), length).final();
    handler(lt::piece_index_t(piece), digest, error);
  });
}

void StorageEntry::clearPiece(int piece, ClearHandler handler) {
  // libtorrent asks once a block where a write failed. It takes blocks again with the first answer, and loses them with the
  // next: so all wait for the same, also where a stop came between them.
  if (joinClear(piece, handler)) {
    m_fence.began();
    return;
  }
  m_fence.shared(
      [this, piece, handler = std::move(handler)]() mutable {
        if (!joinClear(piece, handler)) beginClear(piece, std::move(handler));
      },
      lt::counters::num_fenced_clear_piece);
}

// Leaves the handler where none is under way.
bool StorageEntry::joinClear(int piece, ClearHandler& handler) {
  auto const underWay = m_clearing.find(piece);
  if (underWay == m_clearing.end()) return false;
  underWay->second.push_back(std::move(handler));
  return true;
}

void StorageEntry::beginClear(int piece, ClearHandler handler) {
  auto& waiting = m_clearing[piece];
  try {
    waiting.push_back(std::move(handler));
    m_writer.clear(piece, [this, piece] {
      m_services->readCache.forget(m_index, piece);
      if (m_marks.isGiven(piece) && !m_closeAsked) {
        askToClear(piece);
      } else {
        m_services->network->post([self = shared_from_this(), piece] { self->cleared(piece); });
      }
    });
  } catch (...) {
    m_clearing.erase(piece);
    throw;
  }
}

void StorageEntry::askToClear(int piece) {
  // Where single blocks count (v2) the others are still there. What is written after this call is not cleared by it.
  if (!m_geometry.hasV2()) m_marks.gone(piece);
  try {
    m_services->channel->send(StorageRequest::of(RequestKind::clearPiece, m_index, piece),
                              [self = shared_from_this(), piece](StorageReply&) { self->cleared(piece); });
  } catch (...) {
    // Nobody may join what will not be answered.
    m_clearing.erase(piece);
    throw;
  }
}

void StorageEntry::cleared(int piece) {
  auto const node = m_clearing.extract(piece);
  for (auto const& handler : node.mapped()) handler(lt::piece_index_t(piece));
  m_fence.finished(int(node.mapped().size()));
}

void StorageEntry::exclusive(UniqueTask body, int gauge) {
  m_fence.exclusive([this, body = std::move(body)]() mutable { endWith(std::move(body)); }, gauge);
  if (m_fence.exclusiveWaits()) m_writer.flush();
}

void StorageEntry::stop(UniqueTask body) {
  m_storedHashes.endCheck(StorageOutcome::aborted);
  exclusive(std::move(body), lt::counters::num_fenced_stop_torrent);
}

// A copy: the storage may take long to open, and what libtorrent gave is its own.
StorageEntry::Claim::Claim(lt::add_torrent_params const* resume) {
  if (resume == nullptr) return;
  isSeed = bool(resume->flags & lt::torrent_flags::seed_mode);
  pieces = resume->have_pieces;
}

void StorageEntry::check(lt::add_torrent_params const* resume, CheckHandler handler) {
  bool const isForced = resume == nullptr;
  auto stale = isForced ? m_writer.staleAnswers() : nullptr;
  m_fence.exclusive(
      [this, isForced, stale = std::move(stale), claim = Claim(resume), handler = std::move(handler)]() mutable {
        stale.reset();
        whenOpened([this, isForced, claim = std::move(claim), handler = std::move(handler)](StorageResult result) mutable {
          if (isForced) m_writer.forgetHalfPieces();
          auto const error = toStorageError(result, lt::operation_t::file_open);
          auto const status = error ? kFatalDiskError : judgeResume(claim);
          endWith([status, error, handler = std::move(handler)] { handler(status, error); });
        });
      },
      lt::counters::num_fenced_check_fastresume);
  if (m_fence.exclusiveWaits()) m_writer.flush();
}

// Pieces are claimed without a check only where libtorrent and JavaScript agree on them. A check costs little:
// pieces that JavaScript does not have are not asked for. Padding is claimed by nobody, and always there.
lt::status_t StorageEntry::judgeResume(Claim const& claim) const {
  auto const accept = [](bool agreed) { return agreed ? kNoDiskError : kNeedFullCheck; };
  auto const everyPiece = [this](auto agrees) {
    for (int piece = 0; piece < m_geometry.pieces(); ++piece) {
      if (!agrees(piece) && !m_geometry.isAllPadding(piece)) return false;
    }
    return true;
  };
  if (claim.isSeed) return accept(everyPiece([this](int piece) { return m_marks.isRight(piece); }));
  if (claim.pieces.empty()) return accept(everyPiece([this](int piece) { return !m_marks.isGiven(piece); }));
  if (claim.pieces.size() != m_geometry.pieces()) return accept(false);
  return accept(everyPiece(
      [&](int piece) { return claim.pieces.get_bit(lt::piece_index_t(piece)) == m_marks.isRight(piece); }));
}

void StorageEntry::deleteData(std::function<void(lt::storage_error const&)> handler) {
  m_storedHashes.endCheck(StorageOutcome::aborted);
  m_fence.exclusive(
      [this, handler = std::move(handler)]() mutable {
        whenOpenSettled([self = shared_from_this(), handler = std::move(handler)]() mutable {
          self->close(true, [self, handler = std::move(handler)](StorageReply& reply) {
            handler(toStorageError(reply.result(), lt::operation_t::file_remove));
            self->m_fence.finished();
          });
        });
      },
      lt::counters::num_fenced_delete_files);
  m_writer.dropHalfPieces();
}

void StorageEntry::pieceCompleted(int piece) {
  m_marks.foundRight(piece);
  if (m_closeAsked) return;
  // A job like any other: nothing exclusive, the last call least of all, comes before it has settled.
  m_fence.began();
  try {
    m_services->channel->send(StorageRequest::of(RequestKind::completePiece, m_index, piece),
                              [self = shared_from_this()](StorageReply&) { self->m_fence.finished(); });
  } catch (...) {
    m_fence.finished();
    throw;
  }
}

void StorageEntry::remove() {
  m_fence.exclusive([this] {
    if (m_closeAsked) {
      m_fence.finished();
      return;
    }
    whenOpenSettled([self = shared_from_this()] {
      self->close(false, [self](StorageReply&) { self->m_fence.finished(); });
    });
  });
  if (m_fence.exclusiveWaits()) m_writer.flush();
}

void StorageEntry::close(bool deleteData, ReplyHandler then) {
  auto close = StorageRequest::of(RequestKind::closeStorage, m_index);
  close.deleteData = deleteData;
  m_services->channel->send(std::move(close), std::move(then));
  m_closeAsked = true;
}

}  // namespace bae
