#include "create_torrent.h"

#include <libtorrent/announce_entry.hpp>
#include <libtorrent/create_torrent.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "arguments.h"
#include "bytes.h"
#include "torrent_convert.h"
#include "tracker_convert.h"

namespace bae {
namespace {

constexpr int kLeastPieceLength = 16 * 1024;
constexpr int kMostPieceLength = 64 * 1024 * 1024;

// What the worker thread and JavaScript tell each other.
struct Shared {
  std::atomic<bool> isAborted{false};
  std::atomic<int> hashedPieces{0};
  std::atomic<int> totalPieces{0};
};

struct Options {
  std::string path;
  lt::create_flags_t flags = lt::create_torrent::v1_only;
  int pieceLengthBytes = 0;
  std::vector<lt::announce_entry> trackers;
  std::vector<std::string> webSeeds;
  std::string comment;
  std::string creator;
  std::optional<std::time_t> createdAt;
  bool isPrivate = false;
};

lt::create_flags_t formatOf(Napi::Value value) {
  auto const format = stringOf(value, "format");
  if (format == "v1") return lt::create_torrent::v1_only;
  if (format == "v2") return lt::create_torrent::v2_only;
  if (format == "hybrid") return {};
  throw invalidArgument(value.Env(), "format is v1, v2 or hybrid");
}

int pieceLengthOf(Napi::Value value) {
  int const length = intOf(value, "pieceLengthBytes", kLeastPieceLength, kMostPieceLength);
  if ((length & (length - 1)) != 0) throw invalidArgument(value.Env(), "pieceLengthBytes is a power of two");
  return length;
}

lt::announce_entry urlOrTrackerOf(Napi::Value value, std::string const& name) {
  return value.IsString() ? lt::announce_entry(stringOf(value, name)) : trackerOf(value, name);
}

std::time_t createdAtOf(Napi::Value value) {
  // The last moment of the year 9999.
  return std::time_t(wholeNumberOf(value, "createdAtMs", 0, 253'402'300'799'999) / 1000);
}

Options optionsOf(Napi::Value path, Napi::Value value) {
  Options options;
  options.path = pathOf(path, "path");
  auto const object = objectOf(value, "options");
  if (auto const format = given(object, "format")) options.flags = formatOf(*format);
  if (auto const length = given(object, "pieceLengthBytes")) options.pieceLengthBytes = pieceLengthOf(*length);
  if (auto const trackers = given(object, "trackers")) options.trackers = listOf(*trackers, "trackers", urlOrTrackerOf);
  if (auto const seeds = given(object, "webSeeds")) options.webSeeds = stringsOf(*seeds, "webSeeds");
  if (auto const comment = given(object, "comment")) options.comment = stringOf(*comment, "comment");
  if (auto const creator = given(object, "creator")) options.creator = stringOf(*creator, "creator");
  if (auto const when = given(object, "createdAtMs")) options.createdAt = createdAtOf(*when);
  if (auto const isPrivate = given(object, "isPrivate")) options.isPrivate = booleanOf(*isPrivate, "isPrivate");
  return options;
}

std::string parentOf(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  auto const slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash);
}

// The order of a folder's files is chance, and so would be the torrent's info hash.
lt::file_storage sorted(lt::file_storage const& files) {
  std::vector<lt::file_index_t> order;
  for (auto const index : files.file_range()) order.push_back(index);
  std::sort(order.begin(), order.end(),
            [&files](auto a, auto b) { return files.file_path(a) < files.file_path(b); });
  lt::file_storage inOrder;
  for (auto const index : order) {
    inOrder.add_file(files.file_path(index), files.file_size(index), files.file_flags(index), files.mtime(index));
  }
  return inOrder;
}

// Makes one torrent on a thread of its own. On one of Node's pool the end of a process or worker would wait until
// everything is read. Belongs to the JavaScript thread, but for run(); deletes itself.
class TorrentCreation {
 public:
  TorrentCreation(Napi::Env env, Options options, std::shared_ptr<Shared> shared)
      : m_env(env),
        m_options(std::move(options)),
        m_shared(std::move(shared)),
        m_deferred(Napi::Promise::Deferred::New(env)),
        m_done(Done::New(env, "bae create torrent", 0, 1)) {}

  // Throws NATIVE_IO, and then leaves nothing behind.
  static Napi::Promise start(std::unique_ptr<TorrentCreation> creation) {
    auto* const self = creation.get();
    try {
      self->m_thread = std::thread([self] { self->run(); });
    } catch (std::system_error const&) {
      self->m_done.Release();
      throw codedError(self->m_env, "NATIVE_IO", "the system gives no more threads");
    }
    napi_add_env_cleanup_hook(self->m_env, onEnvironmentEnds, self);
    return creation.release()->m_deferred.Promise();
  }

 private:
  // Called when the thread is done; without an environment when that has ended.
  static void onDone(Napi::Env env, Napi::Function, void*, TorrentCreation* self) {
    std::unique_ptr<TorrentCreation> const owned(self);
    if (self->m_environmentEnded) return;
    napi_remove_env_cleanup_hook(self->m_env, onEnvironmentEnds, self);
    self->m_thread.join();
    if (env != nullptr) self->settle();
  }
  using Done = Napi::TypedThreadSafeFunction<void, TorrentCreation, onDone>;

  static void onEnvironmentEnds(void* data) {
    auto* const self = static_cast<TorrentCreation*>(data);
    self->m_shared->isAborted = true;
    self->m_thread.join();
    self->m_environmentEnded = true;
  }

  void run() {
    try {
      create();
    } catch (std::exception const& error) {
      m_error = error.what();
    }
    auto done = m_done;
    done.NonBlockingCall(this);
    done.Release();
  }

  void create() {
    lt::file_storage found;
    lt::add_files(found, m_options.path, [this](std::string const&) { return !m_shared->isAborted; });
    throwIfAborted();
    auto files = sorted(found);
    if (files.num_files() == 0) throw std::runtime_error("there are no files in " + m_options.path);
    lt::create_torrent torrent(files, m_options.pieceLengthBytes, m_options.flags);
    describe(torrent);
    lt::error_code error;
    m_shared->totalPieces = torrent.num_pieces();
    // Called after each piece; what it throws ends the hashing, and comes out here.
    auto const onPiece = [this](lt::piece_index_t) {
      throwIfAborted();
      ++m_shared->hashedPieces;
    };
    lt::set_piece_hashes(torrent, parentOf(m_options.path), onPiece, error);
    if (error) throw std::runtime_error(m_options.path + ": " + error.message());
    m_bytes = torrent.generate_buf();
  }

  void settle() {
    Napi::HandleScope scope(m_env);
    if (m_error) {
      m_deferred.Reject(codedError(m_env, "NATIVE_IO", *m_error).Value());
      return;
    }
    m_deferred.Resolve(bytesToJs(m_env, m_bytes.data(), m_bytes.size()));
  }

  void throwIfAborted() const {
    if (m_shared->isAborted) throw std::runtime_error("aborted");
  }

  void describe(lt::create_torrent& torrent) const {
    for (auto const& tracker : m_options.trackers) torrent.add_tracker(tracker.url, tracker.tier);
    for (auto const& url : m_options.webSeeds) torrent.add_url_seed(url);
    if (!m_options.comment.empty()) torrent.set_comment(m_options.comment.c_str());
    if (!m_options.creator.empty()) torrent.set_creator(m_options.creator.c_str());
    if (m_options.createdAt) torrent.set_creation_date(*m_options.createdAt);
    torrent.set_priv(m_options.isPrivate);
  }

  Napi::Env m_env;
  Options m_options;
  std::shared_ptr<Shared> const m_shared;
  Napi::Promise::Deferred m_deferred;
  Done m_done;
  std::thread m_thread;
  bool m_environmentEnded = false;
  // What came of it: written by the thread, read when it has ended.
  std::optional<std::string> m_error;
  std::vector<char> m_bytes;
};

}  // namespace

Napi::Value createTorrentFile(Napi::CallbackInfo const& call) {
  Napi::Env const env = call.Env();
  auto options = optionsOf(call[0], call[1]);
  auto const shared = std::make_shared<Shared>();
  auto creation = Napi::Object::New(env);
  creation.Set("abort", Napi::Function::New(env, [shared](Napi::CallbackInfo const&) { shared->isAborted = true; }));
  auto const progress = [shared](Napi::CallbackInfo const& asked) {
    auto counts = Napi::Object::New(asked.Env());
    counts.Set("hashedPieces", shared->hashedPieces.load());
    counts.Set("totalPieces", shared->totalPieces.load());
    return counts;
  };
  creation.Set("progress", Napi::Function::New(env, progress));
  creation.Set("promise", TorrentCreation::start(std::make_unique<TorrentCreation>(env, std::move(options), shared)));
  return creation;
}

}  // namespace bae
