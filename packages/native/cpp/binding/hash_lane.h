#pragma once
#include <napi.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "disk/sha1_stream.h"

namespace bae {

// hasHashLanes(): whether this processor hashes faster here than Node does.
Napi::Value hasHashLanes(Napi::CallbackInfo const& call);

// merkleRoot(leaves, width), on the JavaScript thread: for the tree over the leaves of a chunk, some ten microseconds.
Napi::Value merkleRootOf(Napi::CallbackInfo const& call);

// Two streams of bytes that are hashed beside each other, on threads of Node's pool; src/addon.ts holds the types.
// JavaScript thread, but for what HashWork does while it runs.
class HashLane final : public Napi::ObjectWrap<HashLane> {
 public:
  struct Step;
  struct Job;

  static Napi::Function define(Napi::Env env);

  explicit HashLane(Napi::CallbackInfo const& call) : Napi::ObjectWrap<HashLane>(call) {}

  // hash(jobs): a promise of digests. The bytes are lent until it settles. One call at a time.
  Napi::Value hash(Napi::CallbackInfo const& call);
  // close(): the memory for files goes.
  void close(Napi::CallbackInfo const& call);

 private:
  friend class HashWork;

  // Of a job while it has one. Reused, as the system gives new memory page by page.
  struct Memory {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  Job jobOf(Napi::Value value, std::string const& name, Napi::Object kept);
  Memory takeMemory(std::size_t size);

  std::array<Sha1Stream, 2> m_streams;
  std::vector<Memory> m_spare;
  bool m_isBusy = false;
};

}  // namespace bae
