#include "hash_lane.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "arguments.h"
#include "bytes.h"
#include "disk/leaf_digests.h"
#include "disk/merkle_root.h"
#include "disk/piece_buffer.h"
#include "file_calls.h"

namespace bae {

// A part of a SHA-1 message: bytes of the job, or zeroes.
struct HashLane::Step {
  char const* bytes = nullptr;
  std::size_t length = 0;
  bool ends = false;
};

struct HashLane::Job {
  // Of a file these are in `memory`, and not there before it was read.
  lt::span<char const> bytes;
  bool isFile = false;
  std::string path;
  Memory memory;
  bool isGiven = false;
  bool wantsLeaves = false;
  // 0: no root.
  int treeLeaves = 0;
  std::vector<Step> steps;
  // What came of it. Without the bytes nothing.
  bool isThere = true;
  std::vector<lt::sha256_hash> leaves;
  lt::sha256_hash root;
  std::vector<lt::sha1_hash> digests;
};

namespace {

using Step = HashLane::Step;
using Job = HashLane::Job;

constexpr int kMostLeaves = 1 << 20;
constexpr int kMostBytes = std::numeric_limits<int>::max();

// [offset, length, ends] of each step; an offset below 0 is that of zeroes.
std::vector<Step> stepsOf(Napi::Value value, lt::span<char const> bytes) {
  auto const numbers = listOf(value, "sha1", [](Napi::Value number, std::string const& name) {
    return wholeNumberOf(number, name, -1, std::int64_t(1) << 40);
  });
  if (numbers.size() % 3 != 0) throw invalidArgument(value.Env(), "sha1 is of three numbers a step");
  std::vector<Step> steps;
  for (std::size_t i = 0; i < numbers.size(); i += 3) {
    auto const offset = numbers[i];
    auto const length = numbers[i + 1];
    if (length < 0 || (offset >= 0 && offset + length > std::int64_t(bytes.size()))) {
      throw invalidArgument(value.Env(), "a step of sha1 is beyond the bytes");
    }
    steps.push_back({offset < 0 ? nullptr : bytes.data() + offset, std::size_t(length), numbers[i + 2] != 0});
  }
  return steps;
}

// As listOf names what is in `jobs`.
std::string nameOf(std::uint32_t index) { return "jobs[" + std::to_string(index) + "]"; }

int powerOfTwoOf(Napi::Value value, std::string const& name) {
  int const width = intOf(value, name, 1, kMostLeaves);
  if ((width & (width - 1)) != 0) throw invalidArgument(value.Env(), name + " is a power of two");
  return width;
}

template <typename Digest>
Napi::Value joinedToJs(Napi::Env env, Digest const* digests, std::size_t count) {
  return bytesToJs(env, digests, count * std::size_t(Digest::size()));
}

Napi::Value digestsToJs(Napi::Env env, Job const& job) {
  auto object = Napi::Object::New(env);
  object.Set("leaves", joinedToJs(env, job.leaves.data(), job.wantsLeaves ? job.leaves.size() : 0));
  if (job.treeLeaves != 0) object.Set("root", joinedToJs(env, &job.root, 1));
  object.Set("sha1", joinedToJs(env, job.digests.data(), job.digests.size()));
  return object;
}

}  // namespace

// Node waits for it at the end of a process or worker: it is a matter of milliseconds.
class HashWork final : public Napi::AsyncWorker {
 public:
  // Neither the lane nor the bytes go while they are used, whatever becomes of the list that they came in.
  HashWork(Napi::Env env, HashLane& lane, Napi::Object kept, std::vector<Job> jobs)
      : Napi::AsyncWorker(env, "bae hash"),
        m_lane(lane),
        m_keptLane(Napi::Persistent(lane.Value())),
        m_kept(Napi::Persistent(kept)),
        m_jobs(std::move(jobs)),
        m_deferred(Napi::Promise::Deferred::New(env)) {
    m_lane.m_isBusy = true;
  }

  Napi::Promise promise() const { return m_deferred.Promise(); }

 private:
  void Execute() override {
    for (auto& job : m_jobs) read(job);
    for (std::size_t i = 0; i < m_jobs.size(); ++i) {
      auto& job = m_jobs[i];
      if (!job.isThere) continue;
      hashLeaves(job);
      addSteps(m_lane.m_streams[i], job);
    }
    runSha1Streams(m_lane.m_streams[0], m_lane.m_streams[1]);
  }

  static void read(Job& job) {
    if (!job.isFile) return;
    job.isThere = readWholeFile(job.path, {job.memory.bytes.get(), job.bytes.size()});
  }

  static void hashLeaves(Job& job) {
    if (!job.wantsLeaves && job.treeLeaves == 0) return;
    appendLeafDigests(job.bytes.data(), int(job.bytes.size()), job.leaves);
    if (job.treeLeaves != 0) job.root = merkleRoot(job.leaves, job.treeLeaves);
  }

  static void addSteps(Sha1Stream& stream, Job& job) {
    std::size_t ends = 0;
    for (auto const& step : job.steps) ends += step.ends ? 1 : 0;
    // Not to grow: the stream keeps where each digest goes.
    job.digests.resize(ends);
    auto digest = job.digests.begin();
    for (auto const& step : job.steps) {
      if (step.bytes == nullptr) {
        stream.addZeroes(step.length);
      } else {
        stream.add(step.bytes, step.length);
      }
      if (step.ends) stream.end(*digest++);
    }
  }

  void OnOK() override {
    m_lane.m_isBusy = false;
    auto list = Napi::Array::New(Env());
    for (std::uint32_t i = 0; i < m_jobs.size(); ++i) {
      auto& job = m_jobs[i];
      list.Set(i, job.isThere ? digestsToJs(Env(), job) : Env().Undefined());
      if (job.isFile) {
        m_lane.m_spare.push_back(std::move(job.memory));
      } else if (job.isGiven) {
        // Memory that cannot go (of WebAssembly, or shared) stays: nothing depends on it.
        auto const bytes = m_kept.Get(nameOf(i)).As<Napi::Uint8Array>();
        napi_detach_arraybuffer(Env(), bytes.ArrayBuffer());
      }
    }
    m_deferred.Resolve(list);
  }

  // No memory. The streams have something that is not there any more: the lane stays busy.
  void OnError(Napi::Error const& error) override { m_deferred.Reject(error.Value()); }

  HashLane& m_lane;
  Napi::ObjectReference const m_keptLane;
  Napi::ObjectReference const m_kept;
  std::vector<Job> m_jobs;
  Napi::Promise::Deferred m_deferred;
};

Napi::Value hasHashLanes(Napi::CallbackInfo const& call) {
  return Napi::Boolean::New(call.Env(), hasSha1Lanes());
}

Napi::Value merkleRootOf(Napi::CallbackInfo const& call) {
  auto const bytes = bytesOf(call[0], "leaves");
  int const width = powerOfTwoOf(call[1], "width");
  auto const digestBytes = std::ptrdiff_t(lt::sha256_hash::size());
  if (bytes.size() % digestBytes != 0 || bytes.size() / digestBytes > width) {
    throw invalidArgument(call.Env(), "leaves are of 32 bytes each, and no more than width");
  }
  std::vector<lt::sha256_hash> leaves;
  for (std::ptrdiff_t at = 0; at < bytes.size(); at += digestBytes) leaves.emplace_back(bytes.data() + at);
  lt::sha256_hash const root = merkleRoot(leaves, width);
  return joinedToJs(call.Env(), &root, 1);
}

Napi::Function HashLane::define(Napi::Env env) {
  return DefineClass(env, "HashLane",
                     {InstanceMethod<&HashLane::hash>("hash"), InstanceMethod<&HashLane::close>("close")});
}

HashLane::Memory HashLane::takeMemory(std::size_t size) {
  Memory memory;
  if (!m_spare.empty()) {
    memory = std::move(m_spare.back());
    m_spare.pop_back();
  }
  // Not zeroed: nothing is hashed unless all of it was read.
  if (memory.size < size) memory = {std::unique_ptr<char[]>(new char[size]), size};
  return memory;
}

void HashLane::close(Napi::CallbackInfo const&) { m_spare.clear(); }

// `kept` keeps the bytes, under the job's name.
Job HashLane::jobOf(Napi::Value value, std::string const& name, Napi::Object kept) {
  auto const object = objectOf(value, name);
  Napi::Value const bytes = object.Get("bytes");
  Job job;
  if (bytes.IsObject() && !bytes.IsTypedArray()) {
    auto const file = bytes.As<Napi::Object>();
    job.isFile = true;
    job.path = pathOf(file.Get("path"), "path");
    auto const length = std::size_t(intOf(file.Get("lengthBytes"), "lengthBytes", 0, kMostBytes));
    job.memory = takeMemory(length);
    job.bytes = {job.memory.bytes.get(), std::ptrdiff_t(length)};
  } else {
    job.bytes = bytesOf(bytes, "bytes");
    if (job.bytes.size() > kMostBytes) throw invalidArgument(value.Env(), "bytes are of less than 2 GiB");
    kept.Set(name, bytes);
  }
  job.isGiven = booleanOf(object.Get("isGiven"), "isGiven");
  job.wantsLeaves = booleanOf(object.Get("wantsLeaves"), "wantsLeaves");
  if (auto const width = given(object, "treeLeaves")) job.treeLeaves = powerOfTwoOf(*width, "treeLeaves");
  if (job.treeLeaves != 0 && (job.bytes.size() + kBlockBytes - 1) / kBlockBytes > job.treeLeaves) {
    throw invalidArgument(value.Env(), "the bytes have more than treeLeaves");
  }
  job.steps = stepsOf(object.Get("sha1"), job.bytes);
  return job;
}

Napi::Value HashLane::hash(Napi::CallbackInfo const& call) {
  Napi::Env const env = call.Env();
  auto kept = Napi::Object::New(env);
  auto jobs = listOf(call[0], "jobs", [this, &kept](Napi::Value job, std::string const& name) {
    return jobOf(job, name, kept);
  });
  if (jobs.size() > m_streams.size()) throw invalidArgument(env, "jobs are of two streams at most");
  if (m_isBusy || !hasSha1Lanes()) throw invalidArgument(env, "a lane hashes one list of jobs at a time");
  auto* const work = new HashWork(env, *this, kept, std::move(jobs));
  auto const promise = work->promise();
  work->Queue();
  return promise;
}

}  // namespace bae
