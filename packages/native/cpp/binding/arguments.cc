#include "arguments.h"

#include <cmath>

#include "torrent_convert.h"

namespace bae {

Napi::Error invalidArgument(Napi::Env env, std::string const& message) {
  return codedError(env, "NATIVE_INVALID_ARGUMENT", message);
}

std::string stringOf(Napi::Value value, std::string const& name) {
  if (!value.IsString()) throw invalidArgument(value.Env(), name + " is a string");
  return value.As<Napi::String>().Utf8Value();
}

std::string pathOf(Napi::Value value, std::string const& name) {
  auto path = stringOf(value, name);
  if (path.find('\0') != std::string::npos) throw invalidArgument(value.Env(), name + " has no zero in it");
  return path;
}

bool booleanOf(Napi::Value value, std::string const& name) {
  if (!value.IsBoolean()) throw invalidArgument(value.Env(), name + " is true or false");
  return value.As<Napi::Boolean>().Value();
}

std::int64_t wholeNumberOf(Napi::Value value, std::string const& name, std::int64_t least, std::int64_t most) {
  // In double first: out of its range a conversion to an integer is undefined.
  double const number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (std::trunc(number) != number || number < double(least) || number > double(most)) {
    throw invalidArgument(value.Env(), name + " is a whole number from " + std::to_string(least) + " to " +
                                           std::to_string(most));
  }
  return std::int64_t(number);
}

int intOf(Napi::Value value, std::string const& name, int least, int most) {
  return int(wholeNumberOf(value, name, least, most));
}

lt::download_priority_t priorityOf(Napi::Value value, std::string const& name) {
  return lt::download_priority_t(std::uint8_t(intOf(value, name, 0, 7)));
}

Napi::Object objectOf(Napi::Value value, std::string const& name) {
  if (!value.IsObject() || value.IsFunction()) throw invalidArgument(value.Env(), name + " is an object");
  return value.As<Napi::Object>();
}

lt::span<char const> bytesOf(Napi::Value value, std::string const& name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw invalidArgument(value.Env(), name + " is a Uint8Array");
  }
  auto const bytes = value.As<Napi::Uint8Array>();
  return {reinterpret_cast<char const*>(bytes.Data()), std::ptrdiff_t(bytes.ByteLength())};
}

lt::address addressOf(Napi::Value value, std::string const& name) {
  lt::error_code error;
  auto const address = lt::make_address(stringOf(value, name), error);
  if (error) throw invalidArgument(value.Env(), name + " is an IP address");
  return address;
}

std::vector<std::string> stringsOf(Napi::Value value, std::string const& name) { return listOf(value, name, stringOf); }

std::optional<Napi::Value> given(Napi::Object const& object, char const* key) {
  Napi::Value const value = object.Get(key);
  if (value.IsUndefined()) return std::nullopt;
  return value;
}

}  // namespace bae
