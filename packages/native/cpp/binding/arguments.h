#pragma once
#include <libtorrent/address.hpp>
#include <libtorrent/download_priority.hpp>
#include <libtorrent/span.hpp>
#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bae {

// What JavaScript gave, checked: each function throws NATIVE_INVALID_ARGUMENT, with the value's name in the message,
// unless the value is of the kind. JavaScript thread.

Napi::Error invalidArgument(Napi::Env env, std::string const& message);

std::string stringOf(Napi::Value value, std::string const& name);
// A string without a zero in it.
std::string pathOf(Napi::Value value, std::string const& name);
bool booleanOf(Napi::Value value, std::string const& name);
// A number without a fraction, from `least` to `most`.
std::int64_t wholeNumberOf(Napi::Value value, std::string const& name, std::int64_t least, std::int64_t most);
int intOf(Napi::Value value, std::string const& name, int least, int most);
lt::download_priority_t priorityOf(Napi::Value value, std::string const& name);
Napi::Object objectOf(Napi::Value value, std::string const& name);
lt::address addressOf(Napi::Value value, std::string const& name);
// The bytes of a Uint8Array, where they lie: before any JavaScript runs again. Those of a detached one are none.
lt::span<char const> bytesOf(Napi::Value value, std::string const& name);

// `one(element, name)` of each element of an array.
template <typename One>
auto listOf(Napi::Value value, std::string const& name, One one) {
  if (!value.IsArray()) throw invalidArgument(value.Env(), name + " is an array");
  auto const array = value.As<Napi::Array>();
  std::vector<decltype(one(value, name))> list;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    list.push_back(one(array.Get(i), name + "[" + std::to_string(i) + "]"));
  }
  return list;
}

std::vector<std::string> stringsOf(Napi::Value value, std::string const& name);

// The property, unless it is missing or undefined.
std::optional<Napi::Value> given(Napi::Object const& object, char const* key);

}  // namespace bae
