#include "storage_entry.h"

#include <cstring>

namespace bae {

StorageEntry::StorageEntry(std::shared_ptr<DiskServices> services, int index, std::shared_ptr<TorrentContext> context)
    : m_services(std::move(services)),
      m_index(index),
      m_context(std::move(context)),
      m_writer(*m_services, {index, m_context->info, [this] { m_fence.began(); },
                             [this](int jobs) { m_fence.finished(jobs); },
                             [this] { return std::shared_ptr<void>(shared_from_this()); }}) {}

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
  m_openOutcome = reply.outcome;
  m_writer.setWantsBlockHashes(reply.wantsBlockHashes);
  int const pieces = m_context->info->num_pieces();
  if (reply.havePieces.size() == std::size_t((pieces + 7) / 8)) {
    m_writer.setStored(lt::bitfield(reply.havePieces.data(), pieces));
  }
  auto tasks = std::move(m_afterOpen);
  m_afterOpen.clear();
  for (auto& task : tasks) task(m_openOutcome);
}

// A storage that could not be opened is asked again: libtorrent goes on by itself after clear_error().
void StorageEntry::whenOpened(UniqueFunction<StorageOutcome> task) {
  if (m_isOpen && m_openOutcome != StorageOutcome::ok) {
    m_isOpen = false;
    open();
  }
  if (m_isOpen) {
    task(m_openOutcome);
  } else {
    m_afterOpen.push_back(std::move(task));
  }
}

bool StorageEntry::write(lt::peer_request const& r, char const* bytes,
                         std::shared_ptr<lt::disk_observer> const& observer, WriteHandler handler) {
  int const piece = int(r.piece);
  if (m_fence.open()) {
    m_fence.shared([&] { m_writer.write(piece, r.start, bytes, r.length, std::move(handler)); });
  } else {
    PieceMemory const copy = BufferPool::instance().piece(std::size_t(r.length));
    std::memcpy(copy.get(), bytes, std::size_t(r.length));
    m_fence.shared([this, piece, r, copy, handler = std::move(handler)]() mutable {
      m_writer.write(piece, r.start, copy.get(), r.length, std::move(handler));
      if (m_fence.exclusiveWaits()) m_writer.flush();
    });
  }
  return m_services->budget.askToWait(observer);
}

void StorageEntry::read(lt::peer_request const& r, ReadHandler handler) {
  m_fence.shared([this, r, handler = std::move(handler)]() mutable {
    auto block = BufferPool::instance().block(r.length);
    PieceRange const wanted{r.start, r.length};
    auto const missing = m_writer.copyBuffered(int(r.piece), wanted, block.data());
    m_services->counters.inc_stats_counter(lt::counters::num_blocks_read);
    if (missing && m_writer.isPadding(int(r.piece), *missing)) {
      std::memset(block.data() + (missing->offset - r.start), 0, std::size_t(missing->length));
      endWith([block = std::move(block), handler = std::move(handler)]() mutable { handler(std::move(block), {}); });
    } else if (missing) {
      readStored({int(r.piece), wanted, *missing, std::move(block), std::move(handler)});
    } else {
      endWith([block = std::move(block), handler = std::move(handler)]() mutable { handler(std::move(block), {}); });
    }
  });
}

void StorageEntry::readStored(BlockRead read) {
  auto const range = ReadCache::windowOf(read.missing, m_writer.pieceBytes(read.piece));
  if (range.length == 0 || !m_writer.isStored(read.piece)) {
    fetchBlock(std::move(read));
    return;
  }
  auto const window = m_services->readCache.find(m_index, read.piece, range.offset);
  if (!window) {
    fetchWindow(read.piece, range, std::move(read));
  } else if (!window->ready) {
    window->waiting.push_back([self = shared_from_this(), window, read = std::move(read)](StorageOutcome outcome) mutable {
      answerRead(read, window->memory.get() - window->range.offset, outcome);
      self->m_fence.finished();
    });
  } else {
    endWith([window, read = std::move(read)]() mutable {
      answerRead(read, window->memory.get() - window->range.offset, StorageOutcome::ok);
    });
  }
}

void StorageEntry::fetchWindow(int piece, PieceRange range, BlockRead read) {
  auto const window = m_services->readCache.add(m_index, piece, range);
  readFromJs(piece, range, window->memory, [self = shared_from_this(), piece, window, read = std::move(read)](StorageReply& reply) mutable {
    window->ready = true;
    if (reply.outcome != StorageOutcome::ok) self->m_services->readCache.forget(self->m_index, piece);
    answerRead(read, window->memory.get() - window->range.offset, reply.outcome);
    auto waiting = std::move(window->waiting);
    for (auto& tell : waiting) tell(reply.outcome);
    self->m_fence.finished();
  });
}

void StorageEntry::fetchBlock(BlockRead read) {
  auto const into = BufferPool::instance().piece(std::size_t(read.missing.length));
  int const piece = read.piece;
  PieceRange const range = read.missing;
  readFromJs(piece, range, into, [self = shared_from_this(), into, read = std::move(read)](StorageReply& reply) mutable {
    answerRead(read, into.get() - read.missing.offset, reply.outcome);
    self->m_fence.finished();
  });
}

// `bytes` is where byte 0 of the piece would be.
void StorageEntry::answerRead(BlockRead& read, char const* bytes, StorageOutcome outcome) {
  if (outcome != StorageOutcome::ok) {
    read.handler({}, toStorageError(outcome, lt::operation_t::file_read));
    return;
  }
  std::memcpy(read.block.data() + (read.missing.offset - read.wanted.offset), bytes + read.missing.offset,
              std::size_t(read.missing.length));
  read.handler(std::move(read.block), {});
}

void StorageEntry::readFromJs(int piece, PieceRange range, PieceMemory into, ReplyHandler reply) {
  auto request = StorageRequest::of(RequestKind::readPiece, m_index, piece);
  request.offset = range.offset;
  request.length = range.length;
  request.into = std::move(into);
  m_services->counters.inc_stats_counter(lt::counters::num_read_ops);
  m_services->channel->send(std::move(request), std::move(reply));
}

void StorageEntry::hash(int piece, HashJob job) {
  m_fence.shared([this, piece, job = std::move(job)]() mutable {
    if (m_writer.takeHash(piece, job)) return;
    whenOpened([this, piece, job = std::move(job)](StorageOutcome outcome) mutable {
      if (outcome == StorageOutcome::ok) {
        hashStored(piece, std::move(job));
      } else {
        endWith([this, piece, outcome, job = std::move(job)]() mutable { answerHash(piece, job, {}, outcome); });
      }
    });
  });
}

// A piece that is not in memory: a check, or one whose blocks were given to JavaScript before.
void StorageEntry::hashStored(int piece, HashJob job) {
  if (!m_writer.wasGiven(piece)) {
    // "Not there" is a hash that fits nothing. An error would end the check of the whole file.
    endWith([this, piece, job = std::move(job)]() mutable { answerHash(piece, job, {}, StorageOutcome::ok); });
    return;
  }
  int const bytes = m_writer.pieceBytes(piece);
  auto const into = BufferPool::instance().piece(std::size_t(bytes));
  int const v1Bytes = job.wantV1 ? bytes : 0;
  int const v2Bytes = job.v2.empty() ? 0 : m_writer.v2Bytes(piece);
  m_services->counters.inc_stats_counter(lt::counters::num_read_back, (bytes + kBlockBytes - 1) / kBlockBytes);
  readFromJs(piece, {0, bytes}, into, [self = shared_from_this(), this, piece, into, v1Bytes, v2Bytes,
                                              job = std::move(job)](StorageReply& reply) mutable {
    if (reply.outcome != StorageOutcome::ok) {
      bool const missing = reply.outcome == StorageOutcome::notFound;
      if (missing) m_writer.foundMissing(piece);
      answerHash(piece, job, {}, missing ? StorageOutcome::ok : reply.outcome);
      m_fence.finished();
      return;
    }
    m_services->hasher.post([self = std::move(self), this, piece, into, v1Bytes, v2Bytes, job = std::move(job)]() mutable {
      auto digest = digestPiece(into.get(), v1Bytes, v2Bytes);
      auto& network = *m_services->network;
      network.post([self = std::move(self), this, piece, digest = std::move(digest), job = std::move(job)]() mutable {
        bool const wrong = job.wantV1 && digest.v1 != m_context->info->hash_for_piece(lt::piece_index_t(piece));
        if (wrong) m_writer.foundWrong(piece);
        answerHash(piece, job, digest, StorageOutcome::ok);
        m_fence.finished();
      });
    });
  });
}

void StorageEntry::answerHash(int piece, HashJob& job, PieceDigest const& digest, StorageOutcome outcome) {
  job.give(digest);
  job.handler(lt::piece_index_t(piece), digest.v1, toStorageError(outcome, lt::operation_t::file_read));
}

void StorageEntry::hashBlock(int piece, int offset, BlockHashHandler handler) {
  int const length = std::min(kBlockBytes, m_writer.v2Bytes(piece) - offset);
  lt::peer_request const wanted{lt::piece_index_t(piece), offset, length};
  read(wanted, [piece, length, handler = std::move(handler)](lt::disk_buffer_holder block, lt::storage_error const& error) {
    auto const digest = error ? lt::sha256_hash() : lt::hasher256(block.data(), length).final();
    handler(lt::piece_index_t(piece), digest, error);
  });
}

void StorageEntry::clearPiece(int piece, ClearHandler handler) {
  m_fence.shared([this, piece, handler = std::move(handler)]() mutable {
    m_writer.clear(piece, [this, piece, handler = std::move(handler)]() mutable {
      if (m_writer.wasGiven(piece)) {
        askToClear(piece, std::move(handler));
      } else {
        endWith([piece, handler = std::move(handler)] { handler(lt::piece_index_t(piece)); });
      }
    });
  });
}

void StorageEntry::askToClear(int piece, ClearHandler handler) {
  auto& waiting = m_clearing[piece];
  waiting.push_back(std::move(handler));
  if (waiting.size() > 1) return;
  m_services->channel->send(StorageRequest::of(RequestKind::clearPiece, m_index, piece),
                            [self = shared_from_this(), piece](StorageReply&) { self->cleared(piece); });
}

void StorageEntry::cleared(int piece) {
  m_writer.forgetGiven(piece);
  auto const node = m_clearing.extract(piece);
  for (auto const& handler : node.mapped()) handler(lt::piece_index_t(piece));
  m_fence.finished(int(node.mapped().size()));
}

void StorageEntry::exclusive(UniqueTask body) {
  m_fence.exclusive([this, body = std::move(body)]() mutable { endWith(std::move(body)); });
  if (m_fence.exclusiveWaits()) m_writer.flush();
}

void StorageEntry::check(lt::add_torrent_params const* resume, CheckHandler handler) {
  m_fence.exclusive([this, resume, handler = std::move(handler)]() mutable {
    whenOpened([this, resume, handler = std::move(handler)](StorageOutcome outcome) mutable {
      auto const error = toStorageError(outcome, lt::operation_t::file_open);
      auto const status = error ? lt::status_t::fatal_disk_error : judgeResume(resume);
      endWith([status, error, handler = std::move(handler)] { handler(status, error); });
    });
  });
  if (m_fence.exclusiveWaits()) m_writer.flush();
}

// Pieces are claimed without a check only where libtorrent and JavaScript agree on them. A check costs little:
// pieces that JavaScript does not have are not asked for.
lt::status_t StorageEntry::judgeResume(lt::add_torrent_params const* resume) const {
  auto const& stored = m_writer.stored();
  auto const accept = [](bool agreed) { return agreed ? lt::status_t::no_error : lt::status_t::need_full_check; };
  if (resume == nullptr) return accept(stored.none_set());
  if (resume->flags & lt::torrent_flags::seed_mode) return accept(stored.all_set());
  auto const& claimed = resume->have_pieces;
  if (claimed.empty()) return accept(stored.none_set());
  if (claimed.size() != stored.size()) return accept(false);
  for (int piece = 0; piece < claimed.size(); ++piece) {
    if (claimed.get_bit(lt::piece_index_t(piece)) != stored.get_bit(piece)) return accept(false);
  }
  return accept(true);
}

void StorageEntry::deleteData(std::function<void(lt::storage_error const&)> handler) {
  m_fence.exclusive([this, handler = std::move(handler)]() mutable {
    close(true, [self = shared_from_this(), handler = std::move(handler)](StorageReply& reply) {
      handler(toStorageError(reply.outcome, lt::operation_t::file_remove));
      self->m_fence.finished();
    });
  });
  m_writer.dropHalfPieces();
}

void StorageEntry::pieceCompleted(int piece) {
  m_services->channel->send(StorageRequest::of(RequestKind::completePiece, m_index, piece), {});
}

void StorageEntry::remove() {
  m_fence.exclusive([this] {
    if (m_closeAsked) {
      m_fence.finished();
      return;
    }
    close(false, [self = shared_from_this()](StorageReply&) { self->m_fence.finished(); });
  });
  if (m_fence.exclusiveWaits()) m_writer.flush();
}

void StorageEntry::close(bool deleteData, ReplyHandler then) {
  m_closeAsked = true;
  auto close = StorageRequest::of(RequestKind::closeStorage, m_index);
  close.deleteData = deleteData;
  m_services->channel->send(std::move(close), std::move(then));
}

}  // namespace bae
