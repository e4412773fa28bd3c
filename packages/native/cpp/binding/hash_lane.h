#pragma once
#include <napi.h>

#include <array>

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

 private:
  friend class HashWork;

  std::array<Sha1Stream, 2> m_streams;
  bool m_isBusy = false;
};

}  // namespace bae
