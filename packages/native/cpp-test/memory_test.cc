#include <doctest/doctest.h>

#include <functional>

#include "harness/disk_harness.h"
#include "harness/failing_memory.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr int kPiece = 4 * kBlockBytes;
constexpr int kOther = 1;

struct Scene {
  explicit Scene(Kind kind) : torrent(kind, kPiece, 2 * kPiece), index(harness.add(torrent)) {}
  void write(int block) { harness.write(index, 0, block * kBlockBytes, torrent.range(0, block * kBlockBytes, kBlockBytes)); }

  TestTorrent torrent;
  DiskHarness harness;
  lt::storage_index_t index;
};

using Step = std::function<void(Scene&)>;

// Each request for memory within the call fails once. Either the call throws and its handler dies, or it is answered
// once (which the harness sees to); and the storage goes on in any case.
void failEach(Kind kind, Step const& before, Step const& call) {
  for (int after = 0;; ++after) {
    Scene scene(kind);
    scene.harness.storage().plan([](Call const& each) { return each.is(RequestKind::writePiece) ? Plan::hold : Plan::serve; });
    before(scene);
    scene.harness.failMemory(after);
    call(scene);
    scene.harness.drainNetwork();
    scene.harness.storage().plan({});
    scene.harness.storage().release();
    CAPTURE(after);
    CHECK(scene.harness.stop(scene.index).wait());
    CHECK(scene.harness.clear(scene.index, 0).wait() == 0);
    CHECK(scene.harness.download(scene.index, scene.torrent, kOther).stored());
    if (!scene.harness.memoryFailed()) break;
  }
}

void failEach(Step const& before, Step const& call) {
  for (auto const kind : {Kind::v1, Kind::v2}) failEach(kind, before, call);
}

void nothing(Scene&) {}

void threeBlocks(Scene& scene) {
  for (int const block : {0, 1, 2}) scene.write(block);
}

void allBlocks(Scene& scene) {
  threeBlocks(scene);
  scene.write(3);
}

void stored(Scene& scene) {
  scene.harness.storage().plan({});
  CHECK(scene.harness.download(scene.index, scene.torrent, 0).stored());
}

// Behind something that waits for the storage.
Step fenced(Step step) {
  return [step = std::move(step)](Scene& scene) {
    step(scene);
    scene.harness.stop(scene.index);
  };
}

// The backend on the thread of the test, which is its network thread.
struct OneThread {
  OneThread() {
    context->torrentId = "torrent";
    context->info = torrent.info;
    registry->add(context);
  }

  // One request for memory within `call` fails, the one after so many. Whether there were so many.
  template <typename Call>
  static bool fails(int after, Call call) {
    FailingMemory const memory(after);
    try {
      call();
    } catch (std::bad_alloc const&) {
    }
    return memory.failed();
  }

  void add() {
    auto const path = "/bae/" + context->torrentId;
    lt::storage_params const params(torrent.info->orig_files(), nullptr, path, lt::storage_mode_sparse, {},
                                    torrent.info->info_hashes().get_best());
    holder = disk.new_torrent(params, nullptr);
  }

  // True when nothing is waited for any more.
  bool ends() {
    holder.reset();
    context.reset();
    disk.abort(false);
    io.restart();
    io.run_for(kWaitLimit);
    return io.stopped();
  }

  TestTorrent torrent{Kind::v1, kPiece, 2 * kPiece};
  lt::io_context io;
  lt::counters counters;
  std::shared_ptr<FakeStorage> storage = std::make_shared<FakeStorage>();
  std::shared_ptr<TorrentRegistry> registry = std::make_shared<TorrentRegistry>();
  std::shared_ptr<TorrentContext> context = std::make_shared<TorrentContext>();
  BaeDiskInterface disk{io, counters, storage, registry, DiskHarness::kLimits};
  lt::storage_holder holder;
};

}  // namespace

TEST_CASE("40 no_memory: a torrent that there is no memory for leaves nothing behind that is waited for") {
  for (int after = 0;; ++after) {
    OneThread scene;
    bool const failed = OneThread::fails(after, [&scene] { scene.add(); });
    CAPTURE(after);
    CHECK(scene.ends());
    if (!failed) break;
  }
}

TEST_CASE("40 no_memory: a verdict on a piece that there is no memory for does not hold up what waits for the storage") {
  for (int after = 0;; ++after) {
    OneThread scene;
    scene.add();
    bool const failed =
        OneThread::fails(after, [&scene] { scene.context->storage.lock()->pieceCompleted(0); });
    bool isStopped = false;
    scene.disk.async_stop_torrent(scene.holder, [&isStopped] { isStopped = true; });
    CAPTURE(after);
    CHECK(scene.ends());
    CHECK(isStopped);
    if (!failed) break;
  }
}

TEST_CASE("40 no_memory: a call for which there is no memory is refused or answered, and nothing waits for ever") {
  SUBCASE("write") { failEach(nothing, [](Scene& scene) { scene.write(0); }); }
  SUBCASE("last write") { failEach(threeBlocks, [](Scene& scene) { scene.write(3); }); }
  SUBCASE("write again") { failEach(allBlocks, [](Scene& scene) { scene.write(1); }); }
  SUBCASE("write behind a fence") { failEach(fenced(threeBlocks), [](Scene& scene) { scene.write(3); }); }
  SUBCASE("hash") {
    failEach(allBlocks, [](Scene& scene) { scene.harness.hash(scene.index, scene.torrent, 0); });
  }
  SUBCASE("hash of what is stored") {
    failEach(stored, [](Scene& scene) { scene.harness.hash(scene.index, scene.torrent, 0); });
  }
  SUBCASE("read") { failEach(threeBlocks, [](Scene& scene) { scene.harness.read(scene.index, 0, 0, 100); }); }
  SUBCASE("read of what is stored") {
    failEach(stored, [](Scene& scene) { scene.harness.read(scene.index, 0, 0, 100); });
  }
  SUBCASE("clear") { failEach(threeBlocks, [](Scene& scene) { scene.harness.clear(scene.index, 0); }); }
  SUBCASE("stop") { failEach(threeBlocks, [](Scene& scene) { scene.harness.stop(scene.index); }); }
  SUBCASE("check") { failEach(threeBlocks, [](Scene& scene) { scene.harness.check(scene.index, nullptr); }); }
}
