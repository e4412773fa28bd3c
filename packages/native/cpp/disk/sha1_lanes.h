#pragma once
#include <libtorrent/sha1_hash.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace bae {

using Sha1State = std::array<std::uint32_t, 5>;

constexpr std::size_t kSha1BlockBytes = 64;
constexpr Sha1State kSha1Begin = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

// True where two messages beside each other take little longer than one: on processors with the SHA extensions. Tried
// once against libtorrent's hasher, and false where they differ.
bool hasSha1Lanes();

// What a message is after `blocks` more blocks of 64 bytes. Only where there are lanes.
void addSha1Blocks(Sha1State& state, unsigned char const* bytes, std::size_t blocks);

// The same for two messages, in little more than the time of one.
void addSha1Blocks(Sha1State& stateA, unsigned char const* bytesA, Sha1State& stateB, unsigned char const* bytesB,
                   std::size_t blocks);

lt::sha1_hash sha1Digest(Sha1State const& state);

// What a message of whole blocks comes to. Only where there are lanes.
lt::sha1_hash endSha1(Sha1State state, std::uint64_t lengthBytes);

}  // namespace bae
