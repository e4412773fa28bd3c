#include "file_calls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>

#include "arguments.h"

namespace bae {
namespace {

constexpr std::int64_t kMostOffset = (std::int64_t(1) << 53) - 1;

// What came of a job: `value`, or the system call that failed and its errno.
struct FileOutcome {
  std::int64_t value = 0;
  int error = 0;
  char const* systemCall = nullptr;
};

FileOutcome failed(char const* systemCall) { return {0, errno, systemCall}; }

template <typename Call>
auto unlessInterrupted(Call call) {
  for (;;) {
    auto const result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

template <typename Work>
FileOutcome withFile(std::string const& path, int flags, Work work) {
  int const file = unlessInterrupted([&] { return open(path.c_str(), flags | O_CLOEXEC, 0666); });
  if (file == -1) return failed("open");
  FileOutcome const outcome = work(file);
  // One that was interrupted is closed all the same.
  if (close(file) == -1 && errno != EINTR && outcome.error == 0) return failed("close");
  return outcome;
}

// All of the bytes; of a direct write what the kernel takes of them at once: the rest may not be aligned.
FileOutcome writeBytes(std::string const& path, std::int64_t offset, lt::span<char const> bytes, bool isDirect) {
#ifdef O_DIRECT
  int const direct = isDirect ? O_DIRECT : 0;
#else
  int const direct = 0;
#endif
  return withFile(path, O_WRONLY | O_CREAT | direct, [&](int file) -> FileOutcome {
    std::int64_t at = 0;
    while (at < bytes.size()) {
      auto const written = unlessInterrupted(
          [&] { return pwrite(file, bytes.data() + at, std::size_t(bytes.size() - at), off_t(offset + at)); });
      if (written == -1) return failed("write");
      // Nothing says that it would be more the next time.
      if (written == 0) return {0, EIO, "write"};
      at += written;
      if (isDirect) break;
    }
    return {at};
  });
}

FileOutcome readFrom(int file, std::int64_t offset, lt::span<char> into) {
  std::int64_t at = 0;
  while (at < into.size()) {
    auto const read = unlessInterrupted(
        [&] { return pread(file, into.data() + at, std::size_t(into.size() - at), off_t(offset + at)); });
    if (read == -1) return failed("read");
    if (read == 0) break;
    at += read;
  }
  return {at};
}

FileOutcome readBytes(std::string const& path, std::int64_t offset, lt::span<char> into) {
  return withFile(path, O_RDONLY, [&](int file) { return readFrom(file, offset, into); });
}

FileOutcome renameIfFree(std::string const& from, std::string const& to) {
#if defined(SYS_renameat2) && defined(RENAME_NOREPLACE)
  if (syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {1};
  if (errno == EEXIST) return {0};
  // Not every file system, kernel and sandbox knows it: in two steps then.
  if (errno != EINVAL && errno != ENOSYS && errno != EPERM) return failed("rename");
#endif
  struct stat found;
  // A link that leads nowhere is something, too.
  if (lstat(to.c_str(), &found) == 0) return {0};
  if (errno != ENOENT) return failed("lstat");
  return rename(from.c_str(), to.c_str()) == 0 ? FileOutcome{1} : failed("rename");
}

// Node waits for it at the end of a worker, as for its own file calls.
class FileJob final : public Napi::AsyncWorker {
 public:
  // `kept` is not collected before the job has ended.
  FileJob(Napi::Env env, std::string path, Napi::Value kept, std::function<FileOutcome(std::string const&)> work)
      : Napi::AsyncWorker(env, "bae file"),
        m_path(std::move(path)),
        m_work(std::move(work)),
        m_kept(Napi::Persistent(kept.As<Napi::Object>())),
        m_deferred(Napi::Promise::Deferred::New(env)) {}

  Napi::Value start() {
    auto const promise = m_deferred.Promise();
    Queue();
    return promise;
  }

 private:
  void Execute() override { m_outcome = m_work(m_path); }

  void OnOK() override {
    if (m_outcome.error == 0) {
      m_deferred.Resolve(Napi::Number::New(Env(), double(m_outcome.value)));
    } else {
      m_deferred.Reject(systemError().Value());
    }
  }

  void OnError(Napi::Error const& error) override { m_deferred.Reject(error.Value()); }

  // What src/file-calls.ts makes an error of as those of Node's fs are.
  Napi::Error systemError() const {
    auto error = Napi::Error::New(Env(), "a file call failed");
    error.Set("errno", Napi::Number::New(Env(), -m_outcome.error));
    error.Set("syscall", Napi::String::New(Env(), m_outcome.systemCall));
    error.Set("path", Napi::String::New(Env(), m_path));
    return error;
  }

  std::string const m_path;
  std::function<FileOutcome(std::string const&)> const m_work;
  Napi::ObjectReference const m_kept;
  FileOutcome m_outcome;
  Napi::Promise::Deferred m_deferred;
};

std::int64_t offsetOf(Napi::Value value) { return wholeNumberOf(value, "offset", 0, kMostOffset); }

}  // namespace

bool readWholeFile(std::string const& path, lt::span<char> into) {
  auto const outcome = withFile(path, O_RDONLY, [&](int file) -> FileOutcome {
    struct stat found;
    if (fstat(file, &found) == -1) return failed("stat");
    return found.st_size == into.size() ? readFrom(file, 0, into) : FileOutcome{-1};
  });
  return outcome.error == 0 && outcome.value == into.size();
}

Napi::Value writeFile(Napi::CallbackInfo const& call) {
  auto path = pathOf(call[0], "path");
  auto const offset = offsetOf(call[1]);
  auto const bytes = bytesOf(call[2], "bytes");
  bool const isDirect = booleanOf(call[3], "isDirect");
  auto* const job = new FileJob(call.Env(), std::move(path), call[2], [=](std::string const& file) {
    return writeBytes(file, offset, bytes, isDirect);
  });
  return job->start();
}

Napi::Value readFile(Napi::CallbackInfo const& call) {
  auto path = pathOf(call[0], "path");
  auto const offset = offsetOf(call[1]);
  auto const bytes = bytesOf(call[2], "into");
  lt::span<char> const into{const_cast<char*>(bytes.data()), bytes.size()};
  auto* const job = new FileJob(call.Env(), std::move(path), call[2],
                                [=](std::string const& file) { return readBytes(file, offset, into); });
  return job->start();
}

Napi::Value renameUnlessThere(Napi::CallbackInfo const& call) {
  auto path = pathOf(call[0], "from");
  auto to = pathOf(call[1], "to");
  auto* const job = new FileJob(call.Env(), std::move(path), Napi::Value(),
                                [to = std::move(to)](std::string const& from) { return renameIfFree(from, to); });
  return job->start();
}

}  // namespace bae
