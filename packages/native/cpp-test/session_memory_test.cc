#include <libtorrent/bencode.hpp>
#include <libtorrent/create_torrent.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <list>

#include "harness/raw_peer.h"
#include "harness/session_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kBlock = 16384;
constexpr int kPiece = 64 << 20;
constexpr int kPeers = 50;

// The same in every piece, and different in each of its blocks.
std::string contentAt(int offset, int length) {
  std::string bytes(std::size_t(length), '\0');
  for (int at = 0; at < length;) {
    int const block = (offset + at) / kBlock;
    int const count = std::min(length - at, kBlock - (offset + at) % kBlock);
    std::memset(&bytes[std::size_t(at)], block % 251, std::size_t(count));
    at += count;
  }
  return bytes;
}

lt::torrent_info manyLargePieces() {
  lt::file_storage storage;
  storage.add_file("file", std::int64_t(kPeers) * kPiece);
  lt::create_torrent torrent(storage, kPiece, lt::create_torrent::v1_only);
  auto const hash = sha1Of(contentAt(0, kPiece));
  for (auto const piece : torrent.files().piece_range()) torrent.set_hash(piece, hash);
  std::vector<char> file;
  lt::bencode(std::back_inserter(file), torrent.generate());
  return lt::torrent_info(lt::span<char const>(file), lt::from_span);
}

std::int64_t residentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t pages = 0;
  statm >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

}  // namespace

TEST_CASE("6 big_piece_many: 50 peers that each send another piece of 64 MiB to a slow storage cost bounded memory") {
  auto const info = manyLargePieces();
  auto settings = quietSettings();
  // Of a block there are several alerts, which the harness would keep.
  settings.set_int(lt::settings_pack::alert_mask, 0);
  SessionHarness leech(settings);
  auto& storage = leech.storage();
  storage.content = [](int, int offset, int length) { return contentAt(offset, length); };
  storage.plan([](Call const& call) { return call.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; });
  auto const handle = leech.add(info);
  auto const endpoint = leech.watched().endpoint();
  auto const before = residentBytes();
  std::int64_t most = 0;
  std::list<RawPeer> peers;
  auto const serve = [](RawPeer::Request const& wanted) { return contentAt(wanted.offset, wanted.length); };
  for (int piece = 0; piece < kPeers; ++piece) peers.emplace_back(endpoint, info, serve, piece);
  auto const until = [&](char const* what, auto condition) {
    leech.watched().waitUntil(what, [&] {
      most = std::max(most, residentBytes() - before);
      // A storage that settles what it was given when it comes round again.
      storage.release();
      return condition(handle.status({}));
    });
  };
  for (int part = 1; part <= kPeers; ++part) {
    until("64 MiB more", [&](lt::torrent_status const& status) {
      return status.total_payload_download >= std::int64_t(part) * kPiece;
    });
  }
  until("all pieces", [](lt::torrent_status const& status) { return status.num_pieces == kPeers; });
  MESSAGE("at most ", most >> 20, " MiB more than at the start");
  // All pieces are 3200 MiB. The peers of the test and libtorrent's own buffers are in this.
  CHECK(most < std::int64_t(768) << 20);
}
