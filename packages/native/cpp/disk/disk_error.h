#pragma once
#include <libtorrent/error_code.hpp>
#include <libtorrent/operations.hpp>

#include <cstdint>
#include <string>

#include "storage_request.h"

namespace bae {

// What libtorrent is told of a call that failed. The error code has a category of our own: it carries the number
// of the request, so that the alert about it can be joined with the error that JavaScript threw, and it equals
// the errno that makes libtorrent do the right thing (docs/decisions/0060-what-an-error-becomes.md). The file index
// is always valid: some callers look the file up.
lt::storage_error toStorageError(StorageResult result, lt::operation_t operation);

// The numbers of requests come round again in an error code after this one.
constexpr std::uint32_t kLastFailureNumber = (std::uint32_t(1) << 24) - 1;

// The number of the request that an error code came from, or 0: it is not ours, or no request failed.
std::uint32_t failedRequestOf(lt::error_code const& code);

// What the error is, as the name of an errno.
char const* errnoNameOf(lt::error_code const& code);

}  // namespace bae
