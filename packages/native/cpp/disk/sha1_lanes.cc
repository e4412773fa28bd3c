#include "sha1_lanes.h"

#include <libtorrent/hasher.hpp>

#include <array>
#include <new>
#include <string>
#include <string_view>

#include "sha1_stream.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define BAE_SHA_EXTENSIONS __attribute__((target("sha,sse4.1")))
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace bae {

#ifdef BAE_SHA_EXTENSIONS

namespace {

// One message in the registers of the processor. The extensions make four rounds at a time of five words: four in one
// register, the fifth in the uppermost place of another.
struct Lane {
  __m128i abcd;
  __m128i e;
  // The sixteen words of the message that the next rounds come from.
  __m128i words[4];
};

BAE_SHA_EXTENSIONS inline __m128i reversed() {
  return _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
}

BAE_SHA_EXTENSIONS inline void load(Lane& lane, Sha1State const& state) {
  auto const* const words = reinterpret_cast<__m128i const*>(state.data());
  lane.abcd = _mm_shuffle_epi32(_mm_loadu_si128(words), 0x1b);
  lane.e = _mm_set_epi32(int(state[4]), 0, 0, 0);
}

BAE_SHA_EXTENSIONS inline void store(Lane const& lane, Sha1State& state) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data()), _mm_shuffle_epi32(lane.abcd, 0x1b));
  state[4] = std::uint32_t(_mm_extract_epi32(lane.e, 3));
}

// Rounds 4 * Step to 4 * Step + 3. Before them `lane.e` is the fifth word in the first step, else four words of before
// the last four rounds, from which the extensions make it.
template <int Step>
BAE_SHA_EXTENSIONS inline __attribute__((always_inline)) void rounds(Lane& lane, unsigned char const* block) {
  auto& words = lane.words[Step % 4];
  if constexpr (Step < 4) {
    auto const* const given = reinterpret_cast<__m128i const*>(block) + Step;
    words = _mm_shuffle_epi8(_mm_loadu_si128(given), reversed());
  } else {
    // w[t] of w[t - 16], w[t - 14], w[t - 8] and w[t - 3].
    auto const& next = lane.words[(Step + 1) % 4];
    auto const mixed = _mm_xor_si128(_mm_sha1msg1_epu32(words, next), lane.words[(Step + 2) % 4]);
    words = _mm_sha1msg2_epu32(mixed, lane.words[(Step + 3) % 4]);
  }
  auto const before = lane.abcd;
  auto const added = Step == 0 ? _mm_add_epi32(lane.e, words) : _mm_sha1nexte_epu32(lane.e, words);
  lane.abcd = _mm_sha1rnds4_epu32(lane.abcd, added, Step / 5);
  lane.e = before;
}

// The compiler keeps the order, in which the rounds of one lane never wait for those of the other.
template <int Step>
BAE_SHA_EXTENSIONS inline __attribute__((always_inline)) void allRounds(Lane& a, unsigned char const* blockA, Lane& b,
                                                                       unsigned char const* blockB) {
  if constexpr (Step < 20) {
    rounds<Step>(a, blockA);
    rounds<Step>(b, blockB);
    allRounds<Step + 1>(a, blockA, b, blockB);
  }
}

template <int Step>
BAE_SHA_EXTENSIONS inline __attribute__((always_inline)) void allRounds(Lane& lane, unsigned char const* block) {
  if constexpr (Step < 20) {
    rounds<Step>(lane, block);
    allRounds<Step + 1>(lane, block);
  }
}

BAE_SHA_EXTENSIONS inline void add(Lane& lane, Lane const& before) {
  lane.e = _mm_sha1nexte_epu32(lane.e, before.e);
  lane.abcd = _mm_add_epi32(lane.abcd, before.abcd);
}

bool hasExtensions() {
  constexpr unsigned kShaBit = 1u << 29;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & kShaBit) != 0;
}

// As libtorrent makes them, of different messages in the two lanes, and alone. False where there is no memory to try it:
// what throws on the hashing thread would end the process.
bool areRight() noexcept try {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += char(i * 7);
  std::string_view const first(text.data(), 999);
  std::string_view const second(text.data() + 1, 777);
  Sha1Stream a;
  Sha1Stream b;
  lt::sha1_hash digestA;
  lt::sha1_hash digestB;
  a.add(first.data(), first.size());
  a.end(digestA);
  b.add(second.data(), second.size());
  b.end(digestB);
  runSha1Streams(a, b);
  return digestA == lt::hasher(first).final() && digestB == lt::hasher(second).final();
} catch (std::bad_alloc const&) {
  return false;
}

}  // namespace

bool hasSha1Lanes() {
  static bool const has = hasExtensions() && areRight();
  return has;
}

BAE_SHA_EXTENSIONS void addSha1Blocks(Sha1State& state, unsigned char const* bytes, std::size_t blocks) {
  Lane lane;
  load(lane, state);
  for (; blocks > 0; --blocks, bytes += kSha1BlockBytes) {
    Lane const before = lane;
    allRounds<0>(lane, bytes);
    add(lane, before);
  }
  store(lane, state);
}

BAE_SHA_EXTENSIONS void addSha1Blocks(Sha1State& stateA, unsigned char const* bytesA, Sha1State& stateB,
                                      unsigned char const* bytesB, std::size_t blocks) {
  Lane a;
  Lane b;
  load(a, stateA);
  load(b, stateB);
  for (; blocks > 0; --blocks, bytesA += kSha1BlockBytes, bytesB += kSha1BlockBytes) {
    Lane const beforeA = a;
    Lane const beforeB = b;
    allRounds<0>(a, bytesA, b, bytesB);
    add(a, beforeA);
    add(b, beforeB);
  }
  store(a, stateA);
  store(b, stateB);
}

#else

bool hasSha1Lanes() { return false; }
void addSha1Blocks(Sha1State&, unsigned char const*, std::size_t) {}
void addSha1Blocks(Sha1State&, unsigned char const*, Sha1State&, unsigned char const*, std::size_t) {}

#endif

lt::sha1_hash sha1Digest(Sha1State const& state) {
  lt::sha1_hash digest;
  for (int i = 0; i < 20; ++i) digest[i] = std::uint8_t(state[std::size_t(i / 4)] >> (24 - 8 * (i % 4)));
  return digest;
}

lt::sha1_hash endSha1(Sha1State state, std::uint64_t lengthBytes) {
  std::array<unsigned char, kSha1BlockBytes> last{0x80};
  for (std::size_t i = 0; i < sizeof lengthBytes; ++i) last[last.size() - 1 - i] = std::uint8_t(lengthBytes * 8 >> (8 * i));
  addSha1Blocks(state, last.data(), 1);
  return sha1Digest(state);
}

}  // namespace bae
