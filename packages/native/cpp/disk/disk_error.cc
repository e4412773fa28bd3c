#include "disk_error.h"

#include <boost/asio/error.hpp>

#include <cerrno>
#include <cstring>

namespace bae {
namespace {

// An error code of ours, from its low bits: how the request ended, whether it was a write, and its number.
constexpr int kOutcomeBits = 5;
constexpr int kWriteBit = 1 << kOutcomeBits;
constexpr int kNumberShift = kOutcomeBits + 1;

StorageOutcome outcomeIn(int value) { return StorageOutcome(value & (kWriteBit - 1)); }

int errnoOf(StorageOutcome outcome) {
  switch (outcome) {
    case StorageOutcome::ok: return 0;
    case StorageOutcome::notFound: return ENOENT;
    case StorageOutcome::noSpace: return ENOSPC;
    case StorageOutcome::aborted: return ECANCELED;
    case StorageOutcome::timedOut: return ETIMEDOUT;
    case StorageOutcome::readOnly: return EROFS;
    case StorageOutcome::accessDenied: return EACCES;
    case StorageOutcome::notPermitted: return EPERM;
    case StorageOutcome::fileTooLarge: return EFBIG;
    case StorageOutcome::outOfMemory: return ENOMEM;
    case StorageOutcome::unavailable: return EAGAIN;
    case StorageOutcome::closed: return EBADF;
    case StorageOutcome::corrupt:
    case StorageOutcome::io: break;
  }
  return EIO;
}

// glibc has a function for this, from 2.32 on; other C libraries have none.
char const* nameOf(int number) {
  struct Named {
    int number;
    char const* name;
  };
#define BAE_NAMED(errnoName) Named{errnoName, #errnoName}
  static constexpr Named kNames[] = {
      BAE_NAMED(EACCES),       BAE_NAMED(EADDRINUSE),   BAE_NAMED(EADDRNOTAVAIL), BAE_NAMED(EAFNOSUPPORT),
      BAE_NAMED(EAGAIN),       BAE_NAMED(EALREADY),     BAE_NAMED(EBADF),         BAE_NAMED(EBUSY),
      BAE_NAMED(ECANCELED),    BAE_NAMED(ECONNABORTED), BAE_NAMED(ECONNREFUSED),  BAE_NAMED(ECONNRESET),
      BAE_NAMED(EDQUOT),       BAE_NAMED(EEXIST),       BAE_NAMED(EFAULT),        BAE_NAMED(EFBIG),
      BAE_NAMED(EHOSTDOWN),    BAE_NAMED(EHOSTUNREACH), BAE_NAMED(EILSEQ),        BAE_NAMED(EINPROGRESS),
      BAE_NAMED(EINTR),        BAE_NAMED(EINVAL),       BAE_NAMED(EIO),           BAE_NAMED(EISCONN),
      BAE_NAMED(EISDIR),       BAE_NAMED(ELOOP),        BAE_NAMED(EMFILE),        BAE_NAMED(EMLINK),
      BAE_NAMED(EMSGSIZE),     BAE_NAMED(ENAMETOOLONG), BAE_NAMED(ENETDOWN),      BAE_NAMED(ENETRESET),
      BAE_NAMED(ENETUNREACH),  BAE_NAMED(ENFILE),       BAE_NAMED(ENOBUFS),       BAE_NAMED(ENODEV),
      BAE_NAMED(ENOENT),       BAE_NAMED(ENOLCK),       BAE_NAMED(ENOMEM),        BAE_NAMED(ENOPROTOOPT),
      BAE_NAMED(ENOSPC),       BAE_NAMED(ENOSYS),       BAE_NAMED(ENOTCONN),      BAE_NAMED(ENOTDIR),
      BAE_NAMED(ENOTEMPTY),    BAE_NAMED(ENOTSOCK),     BAE_NAMED(ENOTSUP),       BAE_NAMED(ENXIO),
      BAE_NAMED(EOVERFLOW),    BAE_NAMED(EPERM),        BAE_NAMED(EPIPE),         BAE_NAMED(EPROTO),
      BAE_NAMED(EPROTOTYPE),   BAE_NAMED(ERANGE),       BAE_NAMED(EROFS),         BAE_NAMED(ESPIPE),
      BAE_NAMED(ESTALE),       BAE_NAMED(ETIMEDOUT),    BAE_NAMED(ETXTBSY),       BAE_NAMED(EXDEV),
  };
#undef BAE_NAMED
  for (auto const& each : kNames) {
    if (each.number == number) return each.name;
  }
  return nullptr;
}

// What libtorrent shall take it for. It knows one way to fetch a piece again without stopping the torrent: a peer
// that could not be given memory. That is what a write becomes that may succeed another time.
int conditionOf(int value) {
  auto const outcome = outcomeIn(value);
  bool const again = outcome == StorageOutcome::unavailable || outcome == StorageOutcome::notFound;
  return again && (value & kWriteBit) != 0 ? ENOMEM : errnoOf(outcome);
}

class StorageErrorCategory final : public boost::system::error_category {
 public:
  char const* name() const noexcept override { return "bae.storage"; }

  std::string message(int value) const override {
    if (outcomeIn(value) == StorageOutcome::unavailable) return "The storage is not available at the moment";
    if (outcomeIn(value) == StorageOutcome::closed) return "The storage is closed";
    if (outcomeIn(value) == StorageOutcome::corrupt) return "What is stored is not what was written";
    return boost::system::generic_category().message(errnoOf(outcomeIn(value)));
  }

  boost::system::error_condition default_error_condition(int value) const noexcept override {
    return {conditionOf(value), boost::system::generic_category()};
  }
};

// Never destroyed: alerts may be read while the process ends.
StorageErrorCategory const& storageErrorCategory() {
  static auto const* const category = new StorageErrorCategory;
  return *category;
}

}  // namespace

lt::storage_error toStorageError(StorageResult result, lt::operation_t operation) {
  if (result.outcome == StorageOutcome::ok) return {};
  // libtorrent compares this one by value.
  if (result.outcome == StorageOutcome::aborted) {
    return {lt::error_code(boost::asio::error::operation_aborted), lt::file_index_t(0), operation};
  }
  int const number = int(result.request & kLastFailureNumber) << kNumberShift;
  int const write = operation == lt::operation_t::file_write ? kWriteBit : 0;
  return {lt::error_code(number | write | int(result.outcome), storageErrorCategory()), lt::file_index_t(0), operation};
}

std::uint32_t failedRequestOf(lt::error_code const& code) {
  return code.category() == storageErrorCategory() ? std::uint32_t(code.value()) >> kNumberShift : 0;
}

char const* errnoNameOf(lt::error_code const& code) {
  if (code.category() == storageErrorCategory()) return nameOf(errnoOf(outcomeIn(code.value())));
  bool const isSystem = code.category() == boost::system::system_category() ||
                        code.category() == boost::system::generic_category();
  return isSystem ? nameOf(code.value()) : nullptr;
}

}  // namespace bae
