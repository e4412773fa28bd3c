#pragma once
#include <libtorrent/sha1_hash.hpp>

#include <vector>

namespace bae {

// Appends the SHA-256 of each 16 KiB of `bytes`, the last of what is left: many at once in the lanes of wide registers
// where this was compiled with Intel's multi-buffer library and the processor has such registers, else one by one.
// Any thread.
void appendLeafDigests(char const* bytes, int length, std::vector<lt::sha256_hash>& digests);

// The same without lanes: what they are tried against.
void appendLeafDigestsOneByOne(char const* bytes, int length, std::vector<lt::sha256_hash>& digests);

// True where this thread hashes in lanes.
bool hashesInLanes();

}  // namespace bae
