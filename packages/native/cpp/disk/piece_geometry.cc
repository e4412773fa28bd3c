#include "piece_geometry.h"

#include <algorithm>
#include <cstring>

namespace bae {

PieceGeometry::PieceGeometry(std::shared_ptr<lt::torrent_info const> info)
    : m_info(std::move(info)), m_hasV1(m_info->info_hashes().has_v1()), m_hasV2(m_info->info_hashes().has_v2()) {
  for (auto const file : files().file_range()) m_hasPadding = m_hasPadding || files().pad_file_at(file);
}

int PieceGeometry::pieceBytes(int piece) const { return files().piece_size(lt::piece_index_t(piece)); }

int PieceGeometry::payloadBytes(int piece) const {
  int const bytes = pieceBytes(piece);
  if (!m_hasPadding) return bytes;
  auto const start = std::int64_t(piece) * files().piece_length();
  auto last = files().file_index_at_offset(start + bytes - 1);
  auto const hasNothing = [this](lt::file_index_t file) { return files().pad_file_at(file) || files().file_size(file) == 0; };
  while (hasNothing(last) && files().file_offset(last) > start) --last;
  if (hasNothing(last)) return 0;
  auto const end = std::min(files().file_offset(last) + files().file_size(last) - start, std::int64_t(bytes));
  return std::min(blocksIn({0, int(end)}) * kBlockBytes, bytes);
}

int PieceGeometry::v2Bytes(int piece) const { return m_hasV2 ? files().piece_size2(lt::piece_index_t(piece)) : 0; }

std::vector<PieceRange> PieceGeometry::leafRanges(int piece) const {
  std::vector<PieceRange> ranges;
  int start = 0;
  for (auto const& slice : files().map_block(lt::piece_index_t(piece), 0, pieceBytes(piece))) {
    std::int64_t const end = slice.offset + slice.size;
    std::int64_t const first = (slice.offset + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
    std::int64_t const last = end == files().file_size(slice.file_index) ? end : end / kBlockBytes * kBlockBytes;
    if (last > first && !files().pad_file_at(slice.file_index)) {
      ranges.push_back({start + int(first - slice.offset), int(last - first)});
    }
    start += int(slice.size);
  }
  return ranges;
}

bool PieceGeometry::contains(int piece, PieceRange range) const {
  if (piece < 0 || piece >= pieces() || range.offset < 0 || range.length <= 0) return false;
  int const bytes = pieceBytes(piece);
  return range.offset < bytes && range.length <= bytes - range.offset;
}

bool PieceGeometry::isPadding(int piece, PieceRange range) const {
  if (!m_hasPadding) return false;
  auto const slices = files().map_block(lt::piece_index_t(piece), range.offset, range.length);
  return std::all_of(slices.begin(), slices.end(),
                     [&](lt::file_slice const& slice) { return files().pad_file_at(slice.file_index); });
}

void PieceGeometry::zeroPadding(int piece, PieceRange range, char* bytes) const {
  if (!m_hasPadding) return;
  for (auto const& slice : files().map_block(lt::piece_index_t(piece), range.offset, range.length)) {
    if (files().pad_file_at(slice.file_index)) std::memset(bytes, 0, std::size_t(slice.size));
    bytes += slice.size;
  }
}

}  // namespace bae
