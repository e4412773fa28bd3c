#include <libtorrent/torrent_info.hpp>
#include <libtorrent/torrent_status.hpp>

#include <limits>

#include "arguments.h"
#include "bytes.h"
#include "torrent_calls.h"

// The part of torrent_calls.h about pieces and files. libtorrent trusts an index that it is given: none that the
// torrent does not have may reach it.
namespace bae::torrent_calls {
namespace {

std::shared_ptr<lt::torrent_info const> infoOf(Napi::Env env, lt::torrent_handle const& torrent) {
  auto info = torrent.torrent_file();
  if (!info || !info->is_valid()) throw invalidArgument(env, "the torrent has no pieces and files before its metadata");
  return info;
}

lt::piece_index_t pieceOf(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  auto const info = infoOf(call.Env(), torrent);
  return lt::piece_index_t(intOf(call[1], "piece", 0, info->num_pieces() - 1));
}

std::vector<lt::download_priority_t> prioritiesOf(Napi::Value value, int count) {
  auto list = listOf(value, "priorities", priorityOf);
  if (int(list.size()) != count) {
    throw invalidArgument(value.Env(), "priorities are exactly " + std::to_string(count) + " numbers");
  }
  return list;
}

template <typename List, typename Number>
Napi::Array numbersToJs(Napi::Env env, List const& list, Number number) {
  auto array = Napi::Array::New(env, list.size());
  for (std::size_t i = 0; i < list.size(); ++i) array.Set(std::uint32_t(i), double(number(list[i])));
  return array;
}

int numberOfPriority(lt::download_priority_t priority) { return int(static_cast<std::uint8_t>(priority)); }

}  // namespace

Napi::Value filePriorities(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  auto priorities = torrent.get_file_priorities();
  // libtorrent keeps only as many as were ever set; the rest have its default.
  if (auto const info = torrent.torrent_file()) priorities.resize(std::size_t(info->num_files()), lt::default_priority);
  return numbersToJs(call.Env(), priorities, numberOfPriority);
}

Napi::Value setFilePriorities(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  torrent.prioritize_files(prioritiesOf(call[1], infoOf(call.Env(), torrent)->num_files()));
  return call.Env().Undefined();
}

Napi::Value piecePriorities(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  return numbersToJs(call.Env(), torrent.get_piece_priorities(), numberOfPriority);
}

Napi::Value setPiecePriorities(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  torrent.prioritize_pieces(prioritiesOf(call[1], infoOf(call.Env(), torrent)->num_pieces()));
  return call.Env().Undefined();
}

Napi::Value setPieceDeadline(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  // A day: libtorrent adds it to a time, and further away it means nothing.
  int const deadlineMs = intOf(call[2], "deadlineMs", 0, 24 * 60 * 60 * 1000);
  torrent.set_piece_deadline(pieceOf(call, torrent), deadlineMs);
  return call.Env().Undefined();
}

Napi::Value resetPieceDeadline(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  torrent.reset_piece_deadline(pieceOf(call, torrent));
  return call.Env().Undefined();
}

Napi::Value clearPieceDeadlines(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  torrent.clear_piece_deadlines();
  return call.Env().Undefined();
}

Napi::Value fileProgress(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  std::vector<std::int64_t> doneBytes;
  torrent.file_progress(doneBytes);
  return numbersToJs(call.Env(), doneBytes, [](std::int64_t bytes) { return bytes; });
}

Napi::Value pieceAvailability(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  std::vector<int> peers;
  torrent.piece_availability(peers);
  return numbersToJs(call.Env(), peers, [](int count) { return count; });
}

Napi::Value pieceMap(Napi::CallbackInfo const& call, lt::torrent_handle const& torrent) {
  auto const pieces = torrent.status(lt::torrent_handle::query_pieces).pieces;
  return bytesToJs(call.Env(), pieces.data(), std::size_t((pieces.size() + 7) / 8));
}

}  // namespace bae::torrent_calls
