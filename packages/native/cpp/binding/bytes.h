#pragma once
#include <napi.h>

#include <cstddef>
#include <cstring>

namespace bae {

// A copy, as a Uint8Array. `bytes` may be null where there are none.
inline Napi::Uint8Array bytesToJs(Napi::Env env, void const* bytes, std::size_t length) {
  auto copy = Napi::Uint8Array::New(env, length);
  if (length > 0) std::memcpy(copy.Data(), bytes, length);
  return copy;
}

}  // namespace bae
