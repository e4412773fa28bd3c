#include "leaf_digests.h"

#include <libtorrent/hasher.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <string>

#include "piece_buffer.h"

#ifdef BAE_MULTI_BUFFER
#include <intel-ipsec-mb.h>
#endif

namespace bae {
namespace {

// `length` may be the largest int that there is, and an offset of a block after that is none.
int leafBytes(int length, std::ptrdiff_t done) { return int(std::min<std::ptrdiff_t>(kBlockBytes, length - done)); }

#ifdef BAE_MULTI_BUFFER

// A register has up to 16 lanes, and empty ones cost as much as full ones: below that one by one is as fast.
constexpr std::ptrdiff_t kLeastLeaves = 8;

struct FreeLanes {
  void operator()(IMB_MGR* lanes) const { free_mb_mgr(lanes); }
};
using Lanes = std::unique_ptr<IMB_MGR, FreeLanes>;

void setJob(IMB_JOB& job, char const* bytes, int length, lt::sha256_hash& digest) {
  job = IMB_JOB();
  job.cipher_mode = IMB_CIPHER_NULL;
  job.cipher_direction = IMB_DIR_ENCRYPT;
  job.chain_order = IMB_ORDER_HASH_CIPHER;
  job.hash_alg = IMB_AUTH_SHA_256;
  job.src = reinterpret_cast<std::uint8_t const*>(bytes);
  job.msg_len_to_hash_in_bytes = std::uint64_t(length);
  job.auth_tag_output = reinterpret_cast<std::uint8_t*>(digest.data());
  job.auth_tag_output_len_in_bytes = std::uint64_t(lt::sha256_hash::size());
}

// False when a digest was not made.
bool digestInLanes(IMB_MGR* lanes, char const* bytes, int length, lt::sha256_hash* digests) {
  bool allMade = true;
  auto const settle = [&allMade](IMB_JOB const* job) { allMade = allMade && job->status == IMB_STATUS_COMPLETED; };
  for (std::ptrdiff_t done = 0; done < length; done += kBlockBytes) {
    IMB_JOB* job = IMB_GET_NEXT_JOB(lanes);
    setJob(*job, bytes + done, leafBytes(length, done), *digests++);
    for (job = IMB_SUBMIT_JOB(lanes); job != nullptr; job = IMB_GET_COMPLETED_JOB(lanes)) settle(job);
  }
  while (IMB_JOB const* job = IMB_FLUSH_JOB(lanes)) settle(job);
  return allMade;
}

// As libtorrent makes them, of as many leaves as there may be lanes, and a short one.
bool areRight(IMB_MGR* lanes) {
  std::string const bytes(16 * kBlockBytes + 1, 'a');
  std::vector<lt::sha256_hash> digests(17);
  std::vector<lt::sha256_hash> right;
  appendLeafDigestsOneByOne(bytes.data(), int(bytes.size()), right);
  return digestInLanes(lanes, bytes.data(), int(bytes.size()), digests.data()) && digests == right;
}

// Null where the processor has nothing that is faster than one by one, or there is no memory to try it: what throws on
// the hashing thread would end the process.
Lanes makeLanes() noexcept try {
  Lanes lanes(alloc_mb_mgr(0));
  if (!lanes) return nullptr;
  IMB_ARCH chosen = IMB_ARCH_NONE;
  init_mb_mgr_auto(lanes.get(), &chosen);
  bool const isFaster = chosen == IMB_ARCH_AVX2 || chosen == IMB_ARCH_AVX512;
  return isFaster && areRight(lanes.get()) ? std::move(lanes) : nullptr;
} catch (std::bad_alloc const&) {
  return nullptr;
}

// Each thread has its own: they are not for sharing.
IMB_MGR* lanesOfThread() {
  thread_local Lanes const lanes = makeLanes();
  return lanes.get();
}

#endif

}  // namespace

void appendLeafDigestsOneByOne(char const* bytes, int length, std::vector<lt::sha256_hash>& digests) {
  for (std::ptrdiff_t done = 0; done < length; done += kBlockBytes) {
    digests.push_back(lt::hasher256(bytes + done, leafBytes(length, done)).final());
  }
}

void appendLeafDigests(char const* bytes, int length, std::vector<lt::sha256_hash>& digests) {
#ifdef BAE_MULTI_BUFFER
  auto const leaves = (std::ptrdiff_t(length) + kBlockBytes - 1) / kBlockBytes;
  IMB_MGR* const lanes = leaves < kLeastLeaves ? nullptr : lanesOfThread();
  if (lanes != nullptr) {
    auto const before = digests.size();
    digests.resize(before + std::size_t(leaves));
    if (digestInLanes(lanes, bytes, length, digests.data() + before)) return;
    digests.resize(before);
  }
#endif
  appendLeafDigestsOneByOne(bytes, length, digests);
}

bool hashesInLanes() {
#ifdef BAE_MULTI_BUFFER
  return lanesOfThread() != nullptr;
#else
  return false;
#endif
}

}  // namespace bae
