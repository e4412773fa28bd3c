#include "sha1_stream.h"

#include <algorithm>
#include <cstring>

namespace bae {
namespace {

constexpr std::array<unsigned char, 16 * 1024> kZeroes{};
constexpr std::size_t kLengthBytes = 8;

}  // namespace

void Sha1Stream::add(char const* bytes, std::size_t length) {
  m_length += length;
  if (m_restLength > 0) {
    auto const part = std::min(length, kSha1BlockBytes - m_restLength);
    std::memcpy(m_rest.data() + m_restLength, bytes, part);
    m_restLength += part;
    bytes += part;
    length -= part;
    if (m_restLength < kSha1BlockBytes) return;
    addCopy(nullptr);
  }
  auto const blocks = length / kSha1BlockBytes;
  if (blocks > 0) m_runs.push_back({reinterpret_cast<unsigned char const*>(bytes), blocks, nullptr});
  m_restLength = length - blocks * kSha1BlockBytes;
  if (m_restLength > 0) std::memcpy(m_rest.data(), bytes + blocks * kSha1BlockBytes, m_restLength);
}

void Sha1Stream::addZeroes(std::size_t length) {
  while (length > 0) {
    auto const part = std::min(length, kZeroes.size());
    add(reinterpret_cast<char const*>(kZeroes.data()), part);
    length -= part;
  }
}

void Sha1Stream::end(lt::sha1_hash& digest) {
  auto const bits = m_length * 8;
  m_rest[m_restLength++] = 0x80;
  if (m_restLength > kSha1BlockBytes - kLengthBytes) {
    std::fill(m_rest.begin() + std::ptrdiff_t(m_restLength), m_rest.end(), 0);
    addCopy(nullptr);
    m_restLength = 0;
  }
  std::fill(m_rest.begin() + std::ptrdiff_t(m_restLength), m_rest.end(), 0);
  for (std::size_t i = 0; i < kLengthBytes; ++i) m_rest[kSha1BlockBytes - 1 - i] = std::uint8_t(bits >> (8 * i));
  addCopy(&digest);
  m_restLength = 0;
  m_length = 0;
}

void Sha1Stream::addCopy(lt::sha1_hash* digest) {
  m_copies.push_back(m_rest);
  m_runs.push_back({m_copies.back().data(), 1, digest});
}

void runSha1Streams(Sha1Stream& a, Sha1Stream& b) {
  std::array<Sha1Stream*, 2> const streams{&a, &b};
  std::array<std::size_t, 2> at{0, 0};
  auto const isDone = [&](std::size_t i) { return at[i] == streams[i]->m_runs.size(); };
  auto const take = [&](std::size_t i, std::size_t blocks) {
    auto& stream = *streams[i];
    auto& run = stream.m_runs[at[i]];
    run.bytes += blocks * kSha1BlockBytes;
    run.blocks -= blocks;
    if (run.blocks > 0) return;
    if (run.digest != nullptr) {
      *run.digest = sha1Digest(stream.m_state);
      stream.m_state = kSha1Begin;
    }
    ++at[i];
  };
  while (!isDone(0) && !isDone(1)) {
    auto const& runA = a.m_runs[at[0]];
    auto const& runB = b.m_runs[at[1]];
    auto const blocks = std::min(runA.blocks, runB.blocks);
    addSha1Blocks(a.m_state, runA.bytes, b.m_state, runB.bytes, blocks);
    take(0, blocks);
    take(1, blocks);
  }
  for (std::size_t i = 0; i < streams.size(); ++i) {
    while (!isDone(i)) {
      auto const run = streams[i]->m_runs[at[i]];
      addSha1Blocks(streams[i]->m_state, run.bytes, run.blocks);
      take(i, run.blocks);
    }
    streams[i]->m_runs.clear();
    streams[i]->m_copies.clear();
  }
}

}  // namespace bae
