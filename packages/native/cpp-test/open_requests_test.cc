#include <doctest/doctest.h>
#include <libtorrent/io_context.hpp>

#include <memory>
#include <new>
#include <vector>

#include "disk/open_requests.h"
#include "harness/answer.h"
#include "harness/failing_memory.h"

using namespace bae;
using namespace bae::test;

namespace {

constexpr std::chrono::hours kLong{1};

// The requests of a session whose network thread is the one of the test.
struct Scene {
  explicit Scene(std::chrono::milliseconds deadline = kLong) : requests(deadline) {
    requests.setNetworkQueue(std::make_shared<NetworkQueue>(io));
  }

  // What it lends is alive as long as `lent` is.
  std::uint32_t ask() {
    auto request = StorageRequest::of(RequestKind::hashPiece, 0);
    request.lent = std::shared_ptr<char>(new char, std::default_delete<char>());
    lent = request.lent;
    auto reply = [this](StorageReply& answer) { told.push_back(answer.result()); };
    return requests.add(OpenRequests::prepare(std::move(request), std::move(reply))).id;
  }

  template <typename Answer>
  void settle(std::uint32_t id, Answer answer) {
    requests.settle(&id, 1, answer, [this] { ++settled; });
    run();
  }
  void settle(std::uint32_t id) {
    settle(id, [](StorageRequest const&, StorageReply&) {});
  }

  void run() {
    io.restart();
    io.poll();
  }
  void runOne() {
    auto const work = boost::asio::make_work_guard(io);
    io.restart();
    REQUIRE(io.run_one_for(kWaitLimit) == 1);
  }

  lt::io_context io;
  OpenRequests requests;
  std::weak_ptr<char> lent;
  std::vector<StorageResult> told;
  int settled = 0;
};

}  // namespace

TEST_CASE("40 no_memory: where there is none for an answer the request has failed for that, and is told so") {
  Scene scene;
  auto const id = scene.ask();
  scene.settle(id, [](StorageRequest const&, StorageReply& reply) {
    FailingMemory const memory(0);
    reply.digest.emplace().leaves.resize(1);
  });
  REQUIRE(scene.told.size() == 1);
  CHECK(scene.told[0].outcome == StorageOutcome::outOfMemory);
  CHECK(scene.told[0].request == id);
  CHECK(scene.settled == 1);
  CHECK(scene.lent.expired());
}

TEST_CASE("40 no_memory: where there is none to settle a request it stays open, and can be settled again") {
  for (int const after : {0, 1}) {
    CAPTURE(after);
    Scene scene;
    auto const id = scene.ask();
    {
      FailingMemory const memory(after);
      CHECK_THROWS_AS(scene.settle(id), std::bad_alloc);
    }
    scene.run();
    CHECK(scene.told.empty());
    CHECK(scene.settled == 0);
    scene.settle(id);
    REQUIRE(scene.told.size() == 1);
    CHECK(scene.told[0].ok());
  }
}

TEST_CASE("40 no_memory: a request that could not be made is not open") {
  Scene scene;
  auto const alive = std::make_shared<int>();
  ReplyHandler reply = [alive](StorageReply&) {};
  {
    FailingMemory const memory(0);
    CHECK_THROWS_AS(OpenRequests::prepare({}, std::move(reply)), std::bad_alloc);
  }
  CHECK(alive.use_count() == 1);
  scene.requests.abort();
  scene.run();
  CHECK(scene.told.empty());
}

TEST_CASE("21 settle_after_timeout: a request is told once, and what it lends comes back when it is settled") {
  Scene scene(std::chrono::milliseconds(0));
  auto const id = scene.ask();
  scene.runOne();
  REQUIRE(scene.told.size() == 1);
  CHECK(scene.told[0].outcome == StorageOutcome::timedOut);
  CHECK(!scene.lent.expired());
  scene.settle(id);
  scene.settle(id);
  CHECK(scene.told.size() == 1);
  CHECK(scene.lent.expired());
}

TEST_CASE("21 double_settle: of many at once each is told once, whether or not others are unknown") {
  Scene scene;
  std::vector<std::uint32_t> const ids{scene.ask(), 4711, scene.ask(), 1};
  CHECK(ids[0] == 1);
  scene.requests.settle(ids.data(), ids.size(), [](StorageRequest const&, StorageReply&) {}, [] {});
  scene.run();
  REQUIRE(scene.told.size() == 2);
  CHECK(scene.told[0].request == ids[0]);
  CHECK(scene.told[1].request == ids[2]);
}

TEST_CASE("36 shutdown: what is open, refused, or made after the deadline of the end is aborted") {
  Scene scene;
  SUBCASE("abort") {
    scene.ask();
    scene.requests.abort();
    scene.run();
    CHECK(scene.lent.expired());
  }
  SUBCASE("refuse") {
    scene.requests.refuse(OpenRequests::prepare({}, [&](StorageReply& answer) { scene.told.push_back(answer.result()); }));
    scene.run();
  }
  SUBCASE("limited before") {
    scene.requests.limitDeadlines(std::chrono::milliseconds(0));
    scene.ask();
    scene.runOne();
  }
  SUBCASE("limited after") {
    scene.ask();
    scene.requests.limitDeadlines(std::chrono::milliseconds(0));
    scene.runOne();
  }
  REQUIRE(scene.told.size() == 1);
  CHECK(scene.told[0].outcome == StorageOutcome::aborted);
}
