#pragma once
#include <libtorrent/extensions.hpp>

#include <memory>

#include "storage_entry.h"
#include "torrent_context.h"

namespace bae {

// How libtorrent's verdict on a piece reaches its storage. An alert would not do: the alert queue drops what
// does not fit. Lives as long as the torrent; network thread.
class PiecePassPlugin final : public lt::torrent_plugin {
 public:
  explicit PiecePassPlugin(std::shared_ptr<TorrentContext> context) : m_context(std::move(context)) {}

  void on_piece_pass(lt::piece_index_t piece) override {
    if (auto const storage = m_context->storage.lock()) storage->pieceCompleted(int(piece));
  }

 private:
  std::shared_ptr<TorrentContext> m_context;
};

}  // namespace bae
