#include <doctest/doctest.h>

#include <random>

#include "harness/disk_harness.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * kBlockBytes;

// Whatever is asked in whatever order, of a storage that serves, holds and fails as it likes.
class RandomRun {
 public:
  RandomRun(Kind kind, unsigned seed)
      : m_random(seed),
        m_torrent(kind, kPiece, {{5 * kPiece + 100, false}, {2 * kPiece - 100, kind == Kind::v1}, {kPiece + 300, false}}),
        m_harness({std::int64_t(pick(4)) * kPiece + 1, std::int64_t(pick(3)) * kPiece + 1}) {
    m_harness.storage().plan([this](Call const&) { return planned(); });
    m_index = m_harness.add(m_torrent);
  }

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      takeStep();
      checkReads(false);
    }
    m_mayHold = false;
    m_harness.storage().release();
    m_harness.stop(m_index).wait();
    checkReads(true);
    m_harness.shutDown();
    CHECK(m_harness.fates() == "");
  }

 private:
  int pick(int count) { return int(m_random() % unsigned(count)); }

  // The storage's thread.
  Plan planned() {
    std::lock_guard<std::mutex> lock(m_mutex);
    int const dice = int(m_planRandom() % 20);
    if (dice == 0) return Plan::fail;
    return dice < 5 && m_mayHold ? Plan::hold : Plan::serve;
  }

  void takeStep() {
    int const piece = pick(m_torrent.pieces());
    int const bytes = m_torrent.pieceBytes(piece);
    int const offset = pick((bytes + kBlockBytes - 1) / kBlockBytes) * kBlockBytes;
    switch (pick(14)) {
      case 0:
      case 1:
      case 2:
        m_harness.write(m_index, piece, offset, m_torrent.range(piece, offset, std::min(kBlockBytes, bytes - offset)));
        break;
      case 3:
      case 4: m_harness.download(m_index, m_torrent, piece); break;
      case 5:
      case 6:
      case 7: {
        int const start = pick(bytes);
        int const length = 1 + pick(std::min(kBlockBytes, bytes - start));
        auto const flags = pick(4) == 0 ? lt::disk_interface::volatile_read : lt::disk_job_flags_t{};
        m_reads.push_back({piece, start, length, m_harness.read(m_index, piece, start, length, flags)});
        break;
      }
      case 8:
        m_harness.hash(m_index, m_torrent, piece, pick(2) == 0 ? lt::disk_interface::volatile_read : lt::disk_job_flags_t{});
        break;
      case 9: m_harness.clear(m_index, piece); break;
      case 10: pick(2) == 0 ? m_harness.stop(m_index) : m_harness.releaseFiles(m_index); break;
      case 11: m_harness.check(m_index, nullptr); break;
      case 12: m_harness.storage().failHeld(); break;
      case 13: m_harness.storage().release(); break;
    }
  }

  struct Read {
    int piece;
    int start;
    int length;
    Answer<ReadAnswer> answer;
  };

  // All that is ever written is right, so all that can be read is, but for the gaps between parts that were written:
  // the storage of the tests has zeroes there.
  static bool isRight(std::string const& got, std::string const& wanted) {
    for (std::size_t at = 0; at < got.size(); ++at) {
      if (got[at] != wanted[at] && got[at] != '\0') return false;
    }
    return got.size() == wanted.size();
  }

  void checkReads(bool all) {
    for (auto const& read : m_reads) {
      if (!all && !read.answer.arrived()) continue;
      auto const& answer = read.answer.wait();
      if (!answer.error) CHECK(isRight(answer.bytes(read.length), m_torrent.range(read.piece, read.start, read.length)));
    }
    if (all) m_reads.clear();
  }

  std::mt19937 m_random;
  std::mutex m_mutex;
  std::mt19937 m_planRandom{1};
  std::atomic<bool> m_mayHold{true};
  TestTorrent m_torrent;
  DiskHarness m_harness;
  lt::storage_index_t m_index{};
  std::vector<Read> m_reads;
};

}  // namespace

TEST_CASE("40 random_calls: every handler runs once, and what is read is right, in any order of calls and failures") {
  for (auto const kind : {Kind::v1, Kind::v2, Kind::hybrid}) {
    for (unsigned seed = 1; seed <= 15; ++seed) {
      CAPTURE(int(kind));
      CAPTURE(seed);
      RandomRun(kind, seed).run(120);
    }
  }
}
