#include "create_torrent.h"

#include <libtorrent/bencode.hpp>
#include <libtorrent/create_torrent.hpp>

#include <cstring>
#include <string>
#include <vector>

#include "torrent_convert.h"

namespace bae {
namespace {

struct Options {
  std::string path;
  int pieceLengthBytes = 0;
  std::vector<std::string> trackers;
  std::string comment;
};

std::string parentOf(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  auto const slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash);
}

class CreateTorrentWorker final : public Napi::AsyncWorker {
 public:
  CreateTorrentWorker(Napi::Env env, Options options)
      : Napi::AsyncWorker(env), m_options(std::move(options)), m_deferred(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise promise() const { return m_deferred.Promise(); }

  // Worker thread.
  void Execute() override {
    lt::file_storage files;
    lt::add_files(files, m_options.path);
    if (files.num_files() == 0) {
      SetError("there are no files in " + m_options.path);
      return;
    }
    lt::create_torrent torrent(files, m_options.pieceLengthBytes, lt::create_torrent::v1_only);
    for (auto const& tracker : m_options.trackers) torrent.add_tracker(tracker);
    if (!m_options.comment.empty()) torrent.set_comment(m_options.comment.c_str());
    lt::error_code error;
    lt::set_piece_hashes(torrent, parentOf(m_options.path), error);
    if (error) {
      SetError(m_options.path + ": " + error.message());
      return;
    }
    lt::bencode(std::back_inserter(m_bytes), torrent.generate());
  }

  void OnOK() override {
    auto bytes = Napi::Uint8Array::New(Env(), m_bytes.size());
    std::memcpy(bytes.Data(), m_bytes.data(), m_bytes.size());
    m_deferred.Resolve(bytes);
  }

  void OnError(Napi::Error const& error) override {
    m_deferred.Reject(codedError(Env(), "NATIVE_IO", error.Message()).Value());
  }

 private:
  Options m_options;
  Napi::Promise::Deferred m_deferred;
  std::vector<char> m_bytes;
};

}  // namespace

Napi::Value createTorrentFile(Napi::CallbackInfo const& call) {
  Options options;
  options.path = call[0].As<Napi::String>().Utf8Value();
  if (call[1].IsObject()) {
    auto const given = call[1].As<Napi::Object>();
    if (given.Has("pieceLengthBytes")) options.pieceLengthBytes = given.Get("pieceLengthBytes").ToNumber().Int32Value();
    if (given.Has("comment")) options.comment = given.Get("comment").ToString().Utf8Value();
    if (given.Has("trackers")) {
      auto const trackers = given.Get("trackers").As<Napi::Array>();
      for (std::uint32_t i = 0; i < trackers.Length(); ++i) {
        options.trackers.push_back(trackers.Get(i).ToString().Utf8Value());
      }
    }
  }
  auto* const worker = new CreateTorrentWorker(call.Env(), std::move(options));
  auto const promise = worker->promise();
  worker->Queue();
  return promise;
}

}  // namespace bae
